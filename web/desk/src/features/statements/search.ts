// What is searched for, as it stands in the address.
export const acts = ['requested', 'given', 'renewed', 'refused', 'withdrawn', 'objected'] as const;
export const ways = ['form', 'banner', 'preference_centre', 'mail_link', 'phone', 'in_person', 'paper', 'imported', 'browser_signal', 'message'] as const;
export const channels = ['none', 'email', 'sms', 'phone', 'post', 'push', 'web', 'social'] as const;

export interface StatementSearch {
  region?: string;
  about?: string; // a purpose
  channel?: (typeof channels)[number];
  act?: (typeof acts)[number];
  way?: (typeof ways)[number];
  notice?: string;
  version?: number;
  from?: string; // days: "2026-11-22", both included
  until?: string;
}

const one = <Word extends string>(words: readonly Word[], said: unknown) => words.find(word => word === said);
const text = (said: unknown) => (typeof said === 'string' && said !== '' && said.length <= 64 ? said : undefined);
const day = (said: unknown) => (typeof said === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(said) && !Number.isNaN(Date.parse(said)) ? said : undefined);

export function statementSearch(search: Record<string, unknown>): StatementSearch {
  const notice = text(search.notice);
  const version = Math.floor(Number(search.version));
  return {
    region: text(search.region),
    about: text(search.about),
    channel: one(channels, search.channel),
    act: one(acts, search.act),
    way: one(ways, search.way),
    notice,
    version: notice && version >= 1 && version <= 1_000_000 ? version : undefined,
    from: day(search.from),
    until: day(search.until),
  };
}
