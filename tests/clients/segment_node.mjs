// @segment/analytics-node: one batch to /v1/batch.
import {Analytics} from '@segment/analytics-node';
import {fail, order, person, stayUntilInputEnds, told, traits} from './told.mjs';

const analytics = new Analytics({writeKey: told.writeKey, host: told.endpoint, maxRetries: 8, flushInterval: 200});
const lost = (error) => error && fail(error);

const {userId, anonymousId, previousId, groupId} = person;
analytics.identify({userId, anonymousId, traits}, lost);
analytics.track({userId, anonymousId, event: 'Order Completed', properties: order}, lost);
analytics.page({userId, anonymousId, name: 'Pricing', category: 'Docs', properties: {path: '/pricing'}}, lost);
analytics.screen({userId, anonymousId, name: 'Basket', properties: {items: 2}}, lost);
analytics.group({userId, anonymousId, groupId, traits: {company: 'Lanterns & Co'}}, lost);
analytics.alias({userId, previousId}, lost);
stayUntilInputEnds();
