// @rudderstack/rudder-sdk-node: gzip batches to /v1/batch, labelled as a form.
import RudderAnalytics from '@rudderstack/rudder-sdk-node';
import {fail, order, person, stayUntilInputEnds, told, traits} from './told.mjs';

const client = new RudderAnalytics(told.writeKey, {
  dataPlaneUrl: told.endpoint,
  flushAt: 6,
  flushInterval: 200,
  errorHandler: fail,
});

const {userId, anonymousId, previousId, groupId} = person;
client.identify({userId, anonymousId, traits});
client.track({userId, anonymousId, event: 'Order Completed', properties: order});
client.page({userId, anonymousId, name: 'Pricing', properties: {path: '/pricing', category: 'Docs'}});
client.screen({userId, anonymousId, name: 'Basket', properties: {items: 2}});
client.group({userId, anonymousId, groupId, traits: {company: 'Lanterns & Co'}});
client.alias({userId, previousId});
stayUntilInputEnds();
