// @rudderstack/analytics-js in a browser page: its source configuration from the server, then one request an event.
import {openBrowser} from './browser.mjs';
import {order, person, stayUntilInputEnds, told, traits} from './told.mjs';

// Not the server's origin: the browser asks for leave first (CORS).
openBrowser('http://shop.example/basket?utm_source=letter');
const {RudderAnalytics} = await import('@rudderstack/analytics-js/bundled');

const analytics = new RudderAnalytics();
const {userId, anonymousId, previousId, groupId} = person;
analytics.load(told.writeKey, told.endpoint, {
  configUrl: told.endpoint,
  logLevel: 'ERROR',
  polyfillIfRequired: false,  // would be fetched from a server of theirs
  queueOptions: {minRetryDelay: 200, maxRetryDelay: 1000, backoffFactor: 2, maxAttempts: 20},
});
analytics.setAnonymousId(anonymousId);
analytics.identify(userId, traits);
analytics.track('Order Completed', order);
analytics.page('Docs', 'Pricing', {path: '/pricing'});
analytics.group(groupId, {company: 'Lanterns & Co'});
analytics.alias(userId, previousId);
stayUntilInputEnds();
