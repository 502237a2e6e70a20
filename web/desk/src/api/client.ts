// The one way to the server. Types come from api/openapi.json, so a page that no longer fits the API does not build.
import createClient, {type Middleware} from 'openapi-fetch';
import type {components, paths} from './schema';

export type Schemas = components['schemas'];

// What the server says went wrong, or that it could not be reached (status 0).
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly fields: {pointer: string; detail: string}[] = [],
    readonly retryAfter: number | null = null,
    readonly traceId: string | null = null,
  ) {
    super(detail);
  }
}

let csrfToken = '';
let onSignedOut: () => void = () => {};

export function setCsrfToken(token: string) {
  csrfToken = token;
}

// Called when a request finds that the session is over.
export function setOnSignedOut(listener: () => void) {
  onSignedOut = listener;
}

// Once for each thing that a person does, so that a retry of it does it no second time.
export function idempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');
}

const protect: Middleware = {
  onRequest({request}) {
    if (request.method !== 'GET') request.headers.set('X-CSRF-Token', csrfToken);
    request.headers.set('Accept-Language', document.documentElement.lang || 'en');
    return request;
  },
};

export const api = createClient<paths>({baseUrl: '/', credentials: 'same-origin'});
api.use(protect);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

async function settle<T>(request: Promise<Answer<T>>): Promise<Answer<T>> {
  try {
    return await request;
  } catch {
    throw new Problem(0, 'unreachable', '');
  }
}

function problemOf(error: unknown, response: Response): Problem {
  const said = (typeof error === 'object' && error !== null ? error : {}) as Partial<Schemas['Problem']>;
  const wait = Number(response.headers.get('Retry-After'));
  return new Problem(
    response.status,
    said.code ?? 'error',
    said.detail ?? '',
    said.errors ?? [],
    wait > 0 ? wait : null,
    said.trace_id ?? null,
  );
}

// The answer's content; throws a Problem.
export async function take<T>(request: Promise<Answer<T>>): Promise<T> {
  return (await takeTagged(request)).data;
}

// The same, with the tag by which a later change says what it was meant for.
export async function takeTagged<T>(request: Promise<Answer<T>>): Promise<{data: T; etag: string}> {
  const {data, error, response} = await settle(request);
  if (!response.ok) {
    const problem = problemOf(error, response);
    if (response.status === 401 && problem.code !== 'sign_in_refused') onSignedOut();
    throw problem;
  }
  return {data: data as T, etag: response.headers.get('ETag') ?? ''};
}
