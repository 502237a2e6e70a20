// @segment/analytics-next in a browser page: settings from the server, then one request an event to /v1/{i,t,p,s,g,a}.
import {openBrowser} from './browser.mjs';
import {fail, order, person, stayUntilInputEnds, told, traits} from './told.mjs';

openBrowser('http://shop.example/basket?utm_source=letter');
const {AnalyticsBrowser} = await import('@segment/analytics-next');

const analytics = AnalyticsBrowser.load(
    {writeKey: told.writeKey, cdnURL: told.endpoint},
    {integrations: {'Segment.io': {apiHost: `${new URL(told.endpoint).host}/v1`, protocol: 'http'}}});
analytics.on('error', fail);

const {userId, anonymousId, previousId, groupId} = person;
analytics.setAnonymousId(anonymousId);
analytics.identify(userId, traits);
analytics.track('Order Completed', order);
analytics.page('Docs', 'Pricing', {path: '/pricing'});
analytics.screen('Basket', {items: 2});
analytics.group(groupId, {company: 'Lanterns & Co'});
analytics.alias(userId, previousId);
stayUntilInputEnds();
