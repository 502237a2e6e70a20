// What happened, in words. Names that everybody uses (those of the e-commerce specification of the Segment and RudderStack
// clients) have words of ours; all others are shown as their source calls them.
import type {TFunction} from 'i18next';
import type {Schemas} from '../../api/client';
import type {Formats} from '../../i18n/format';

export type TimelineEvent = Schemas['TimelineEvent'];

const callNoted = 'Phone Call Noted';

const known = {
  'Application Opened': 'applicationOpened',
  'Call Answered': 'callAnswered',
  'Call Ended': 'callEnded',
  'Cart Viewed': 'cartViewed',
  'Checkout Started': 'checkoutStarted',
  'Delivery Delayed': 'deliveryDelayed',
  'Loyalty Card Registered': 'loyaltyCardRegistered',
  'Mail Answered': 'mailAnswered',
  'Message Received': 'messageReceived',
  [callNoted]: 'callNoted',
  'Order Cancelled': 'orderCancelled',
  'Order Completed': 'orderCompleted',
  'Order Delivered': 'orderDelivered',
  'Order Refunded': 'orderRefunded',
  'Order Returned': 'orderReturned',
  'Order Shipped': 'orderShipped',
  'Product Added': 'productAdded',
  'Product Removed': 'productRemoved',
  'Product Viewed': 'productViewed',
  'Products Searched': 'productsSearched',
  'Reply Sent': 'replySent',
  'Return Requested': 'returnRequested',
  'Ride Recorded': 'rideRecorded',
  'Signed In': 'signedIn',
  'Signed Up': 'signedUp',
} as const;

export function eventTitle(t: TFunction, event: TimelineEvent): string {
  const name = event.event;
  if (event.type === 'identify') return t('events.identify');
  if (event.type === 'alias') return t('events.alias');
  if (event.type === 'group') return t('events.group');
  if (event.type === 'page') return t('events.page', {name: name ?? pageTitle(event) ?? ''});
  if (event.type === 'screen') return t('events.screen', {name: name ?? ''});
  if (name === callNoted && event.properties.direction === 'outbound') return t('events.callNotedOut');
  const words = name ? known[name as keyof typeof known] : undefined;
  return words ? t(`events.${words}`) : (name ?? t('events.track'));
}

function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : null;
}

function pageTitle(event: TimelineEvent): string | null {
  const page = (event.context as {page?: {title?: unknown; path?: unknown}} | undefined)?.page;
  return textOf(event.properties.title) ?? textOf(page?.title) ?? textOf(event.properties.path) ?? textOf(page?.path);
}

// The one line that says most: what was bought, for how much, what was written.
export function eventSummary(t: TFunction, format: Formats, event: TimelineEvent): string[] {
  const properties = event.properties as Record<string, unknown>;
  const out: string[] = [];
  const order = textOf(properties.order_id);
  if (order) out.push(t('events.order', {order}));
  const amount = textOf(properties.revenue) ?? textOf(properties.total) ?? textOf(properties.value);
  if (amount && !Number.isNaN(Number(amount))) out.push(format.money(amount, textOf(properties.currency)));
  const products = Array.isArray(properties.products) ? properties.products : [];
  const names = products.map(product => textOf((product as Record<string, unknown>)?.name)).filter(name => name !== null);
  if (names.length > 0) out.push(format.list(names.slice(0, 3).concat(names.length > 3 ? [t('events.more', {count: names.length - 3})] : [])));
  const product = names.length === 0 ? textOf(properties.name) : null;
  if (product) out.push(product);
  for (const name of ['carrier', 'query'] as const) {
    const value = textOf(properties[name]);
    if (value) out.push(value);
  }
  // Somebody's own words, or a note about the talk; the topic, which is a code, only where there is neither.
  const words = textOf(properties.text);
  const note = textOf(properties.summary);
  const topic = textOf(properties.topic);
  if (words) out.push(t('events.quoted', {text: words}));
  else if (note) out.push(note);
  else if (topic) out.push(topic.replaceAll('_', ' '));
  if (event.type === 'identify' && event.traits) out.push(Object.keys(event.traits).map(name => t(`traits.${name}` as 'traits.email', {defaultValue: name})).join(', '));
  return out;
}

export interface Call {
  outbound: boolean;
  verification: Schemas['CallerVerification'] | null;
}

const verifications = ['not_verified', 'callback', 'knowledge', 'authenticated', 'known_in_person'] as const;

// What a note of a call says beside its words; nothing of other events.
export function callOf(event: TimelineEvent): Call | null {
  if (event.type !== 'track' || event.event !== callNoted) return null;
  const {direction, verification} = event.properties as Record<string, unknown>;
  return {outbound: direction === 'outbound', verification: verifications.find(name => name === verification) ?? null};
}
