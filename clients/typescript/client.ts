import createClient from 'openapi-fetch';
import type { Client, Middleware } from 'openapi-fetch';
import type { components, paths } from './schema.js';

/** The paths of the admin API, without the part that all of them begin with. */
const BASE = '/restgate/api/v1';

type ApiPaths = {
  [P in keyof paths as P extends `${typeof BASE}${infer Rest}` ? Rest : never]: paths[P];
};

export type Problem = components['schemas']['Problem'];
/** Any schema of the API by its name, for example `Schema<'ProviderView'>`. */
export type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];
export type RestgateClient = Client<ApiPaths>;

export interface RestgateClientOptions {
  /** Where the control plane is, for example `https://restgate.example.com`. */
  readonly baseUrl: string;
  /** ADMIN_TOKEN, an API token or a token of an identity provider; in the console: none, the session counts. */
  readonly token?: string;
  /** The CSRF token of the browser session (`GET /session`), for changes that the console makes. */
  readonly csrfToken?: () => string | undefined;
  readonly fetch?: (request: Request) => Promise<Response>;
}

/** An answer of 4xx or 5xx: `problem.code` is what programs decide by. */
export class RestgateError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem,
  ) {
    super(`${problem.code}: ${problem.detail}`);
    this.name = 'RestgateError';
  }
}

/** A client of the admin API whose paths, bodies and answers are checked by the compiler. */
export function createRestgateClient(options: RestgateClientOptions): RestgateClient {
  const { baseUrl, token, csrfToken, fetch } = options;
  const client = createClient<ApiPaths>({
    baseUrl: baseUrl.replace(/\/+$/, '') + BASE,
    ...(fetch ? { fetch } : {}),
    ...(token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } }),
  });
  if (csrfToken) client.use(withCsrfToken(csrfToken));
  return client;
}

/** The data of an answer, with the ETag for `If-Match` of the next change. Throws `RestgateError`. */
export async function unwrap<T>(
  call: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<{ readonly data: T; readonly etag: string | undefined }> {
  const { data, error, response } = await call;
  if (!response.ok) throw new RestgateError(response.status, problemOf(error, response));
  return { data: data as T, etag: response.headers.get('etag') ?? undefined };
}

function withCsrfToken(csrfToken: () => string | undefined): Middleware {
  return {
    onRequest({ request }) {
      const value = csrfToken();
      if (value !== undefined && request.method !== 'GET') request.headers.set('X-CSRF-Token', value);
      return request;
    },
  };
}

/** Something in between, such as a proxy, may answer in its own words. */
function problemOf(error: unknown, response: Response): Problem {
  if (typeof error === 'object' && error !== null && 'code' in error) return error as Problem;
  return {
    type: 'about:blank',
    title: response.statusText,
    status: response.status,
    detail: `The answer ${response.status} is not one of Restgate.`,
    code: 'unknown',
    requestId: response.headers.get('x-request-id') ?? '',
  };
}
