// The way to the server, for customers. Types come from api/openapi.json.
import type {components} from '../api/schema';

export type Session = components['schemas']['OwnSession'];
export type Consents = components['schemas']['OwnConsents'];
export type Topic = components['schemas']['OwnTopic'];
export type Line = components['schemas']['OwnLine'];
export type Notice = components['schemas']['OwnNotice'];
export type Statement = components['schemas']['OwnStatement'];
export type Links = components['schemas']['OwnLinks'];
export type Act = 'given' | 'withdrawn' | 'objected';

// What the server says went wrong, or that it could not be reached (status 0).
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail = '',
  ) {
    super(code);
  }
}

let csrfToken = '';

async function ask<T>(method: string, path: string, body?: object): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/api/v1/me/${path}`, {
      method,
      credentials: 'same-origin',
      cache: 'no-store',
      headers: {'X-CSRF-Token': csrfToken, ...(body && {'Content-Type': 'application/json'})},
      ...(body && {body: JSON.stringify(body)}),
    });
  } catch {
    throw new Problem(0, 'unreachable');
  }
  const said = await (response.status === 204 ? null : response.json().catch(() => null));
  if (!response.ok) throw new Problem(response.status, said?.code ?? 'error', said?.detail);
  return said as T;
}

function opened(session: Session): Session {
  csrfToken = session.csrf_token;
  return session;
}

export const askForCode = (address: string, language: string) => ask('POST', 'codes', {address, language});
export const signIn = async (address: string, code: string) => opened(await ask<Session>('POST', 'sessions', {address, code}));
export const session = async () => opened(await ask<Session>('GET', 'sessions'));
export const signOut = () => ask('DELETE', 'sessions');
export const consents = (language: string) => ask<Consents>('GET', `consents?language=${language}`);
export const endAdvertising = (language: string) => ask<Consents>('POST', 'objections', {language});

export function say(topic: Topic, line: Line, act: Act, language: string) {
  const notice = act === 'given' && line.notice ? {id: line.notice.id, version: line.notice.version} : undefined;
  return ask<Consents>('POST', 'consents', {purpose: topic.purpose, channel: line.channel, act, notice, language});
}

export type Way = 'email' | 'customer_number' | 'browser';
type Proof = {code: string} | {browser: string};

export const links = (language: string) => ask<Links>('GET', `links?language=${language}`);
export const askForLinkCode = (way: Way, value: string, language: string) => ask('POST', 'links/codes', {way, value, language});
export const join = (proof: Proof, notice: Notice, language: string) =>
  ask<Links>('POST', 'links', {...proof, notice: {id: notice.id, version: notice.version}, language});
export const endLink = (id: string, language: string) => ask<Links>('POST', 'links/end', {id, language});

// The id that the browser library (web/sdk) keeps after a yes, where its pages are of this address, too.
export function browserId(): string | undefined {
  try {
    for (const [place, kept] of Object.entries(localStorage)) {
      const id: unknown = place.startsWith('handschlag.') && JSON.parse(kept)?.id;
      if (typeof id === 'string') return id;
    }
  } catch {
    // Storage is forbidden, or somebody else's words lie in it.
  }
  return undefined;
}

export const receiptOf = (id: string, language: string) => `/api/v1/me/consents/${encodeURIComponent(id)}/receipt?language=${language}`;
