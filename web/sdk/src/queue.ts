// Events on their way to the server: gathered, sent in batches, tried again. In memory alone.
import {agrees, anonymousId, preferences, waits} from './consent';
import {key, random, server} from './settings';

const MOST_EVENTS = 500;
const EVENT_BYTES = 30_000; // the server takes 32 KB
const BATCH_BYTES = 50_000; // a browser lets 64 KB outlive their page
const GATHER = 500; // milliseconds
const LONGEST_WAIT = 60_000;

export interface Item {
  type: string;
  anonymousId?: string;
  [field: string]: unknown;
}

const items: Item[] = [];
let user: string | undefined;
let sending = 0; // how many of the first are on their way
let failures = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

const sizeOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value)).length;

// Without the query, in which shops keep all sorts of things.
function where() {
  const {pathname, origin} = location;
  const campaign: Record<string, string> = {};
  new URLSearchParams(location.search).forEach((value, name) => {
    if (name.startsWith('utm_')) campaign[name.slice(4)] = value;
  });
  const referrer = document.referrer && new URL(document.referrer).origin;
  return {
    page: {path: pathname, url: origin + pathname, title: document.title, referrer},
    campaign,
    locale: navigator.language,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

export function setUser(id: string | undefined) {
  user = id;
}

// What must go, goes beyond the limit: an answer is never the one that is dropped.
export function add(item: Item, must = false) {
  const whole = {messageId: random(), timestamp: new Date().toISOString(), userId: user, context: where(), ...item};
  if ((items.length >= MOST_EVENTS && !must) || sizeOf(whole) > EVENT_BYTES) {
    console.warn('handschlag: too large, or too many that wait; dropped', item.type);
    return;
  }
  items.push(whole);
  soon(GATHER);
}

export function soon(wait: number) {
  timer ??= setTimeout(flush, wait);
}

// As it is when it leaves: whoever takes their leave back takes it back for what still waits here.
function dress(item: Item): Item {
  const context = item.context as ReturnType<typeof where>;
  return {...item, anonymousId: item.anonymousId ?? anonymousId(), context: agrees() ? context : {page: {path: context.page.path}}};
}

function post(some: Item[]) {
  return fetch(server + '/v1/batch', {
    method: 'POST',
    keepalive: true, // outlives the page
    credentials: 'omit',
    body: JSON.stringify({
      writeKey: key,
      sentAt: new Date().toISOString(),
      context: {consent: {categoryPreferences: preferences()}, library: {name: 'handschlag', version: __VERSION__}},
      batch: some.map(dress),
    }),
  });
}

// How many of the first go together.
function fitting(from: number) {
  let bytes = 0;
  let end = from;
  while (end < items.length && (bytes += sizeOf(items[end])) < BATCH_BYTES) ++end;
  return end;
}

export async function flush() {
  clearTimeout(timer);
  timer = undefined;
  if (sending || !items.length || waits()) return;
  sending = fitting(0);
  let wait = 0;
  try {
    const answer = await post(items.slice(0, sending));
    await answer.text(); // until it is read, it counts against what may outlive the page
    if (answer.status === 408 || answer.status === 429 || answer.status >= 500) {
      wait = Number(answer.headers.get('Retry-After')) * 1000 || -1;
    } else if (!answer.ok) {
      console.warn('handschlag: refused', answer.status);
    }
  } catch {
    wait = -1;
  }
  if (wait) {
    sending = 0;
    const later = Math.min(1000 * 2 ** failures++, LONGEST_WAIT) * (0.5 + Math.random() / 2);
    soon(Math.min(Math.max(wait, later), 300_000));
    return;
  }
  items.splice(0, sending);
  sending = failures = 0;
  if (items.length) soon(0);
}

// The page goes. What it sends twice is recognised by its messageId.
addEventListener('pagehide', () => {
  const from = sending;
  if (!from) void flush();
  else if (items.length > from && !waits()) post(items.slice(from, fitting(from))).catch(() => {});
});
document.addEventListener('visibilitychange', () => {
  if (document.hidden) void flush();
});
