import { basic } from '../../support/dataplane.js';

type Anonymous = 'public-apis' | 'application' | 'deny';

/** What the admin has said, globally and for the application. */
export interface Settings {
  readonly master: boolean;
  readonly basic: boolean;
  readonly oauth: boolean;
  readonly pat: boolean;
  readonly anonymous: Anonymous;
  readonly sessions: boolean;
  readonly links: boolean;
  /** The application's own word about anonymous calls, before the global one. */
  readonly ownAnonymous: Anonymous | null;
}

export const SHIPPED: Settings = {
  master: true,
  basic: true,
  oauth: true,
  pat: true,
  anonymous: 'public-apis',
  sessions: true,
  links: true,
  ownAnonymous: null,
};
export const SWITCHES: readonly (readonly [string, Partial<Settings>])[] = [
  ['as shipped', {}],
  ['Basic off', { basic: false }],
  ['OAuth off', { oauth: false }],
  ['PATs off', { pat: false }],
  ['all kinds off', { basic: false, oauth: false, pat: false }],
  ['anonymous: application', { anonymous: 'application' }],
  ['anonymous: deny', { anonymous: 'deny' }],
  ['REST authentication off', { master: false }],
  ['everything off', { master: false, basic: false, oauth: false, pat: false, anonymous: 'deny' }],
];
export const APPLICATION: readonly (readonly [string, Partial<Settings>])[] = [
  ['as created', {}],
  ['sessions rejected', { sessions: false }],
  ['links rejected', { links: false }],
  ['both rejected', { sessions: false, links: false }],
  ['its own anonymous: public-apis', { ownAnonymous: 'public-apis' }],
  ['its own anonymous: application', { ownAnonymous: 'application' }],
  ['its own anonymous: deny', { ownAnonymous: 'deny' }],
];

type Refusal = readonly [status: number, code: string];
type Fields = Readonly<Record<string, string>>;

/** One way to present a credential: how it is sent, which switch refuses it, and what the application sees of it. */
export interface Row {
  readonly name: string;
  readonly path?: string;
  readonly headers?: Fields;
  readonly body?: string;
  readonly refusal: (settings: Settings) => Refusal | undefined;
  readonly seen: {
    readonly user: string | null;
    readonly fields: Readonly<Record<string, string | undefined>>;
    readonly target?: string;
    readonly body?: string;
  };
  /** What is seen with REST authentication off, when that is not just what was sent. */
  readonly untouched?: Readonly<Record<string, string | undefined>>;
}

export const MYSELF = '/rest/api/2/myself';
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
const JSON_BODY = { 'Content-Type': 'application/json' };
const LOGIN_PARAMETERS = 'os_username=alice&os_password=alice-password';
const never = (): undefined => undefined;
const basicOff = (settings: Settings): Refusal | undefined =>
  settings.basic ? undefined : [403, 'basic_disabled'];
const oauthOff = (settings: Settings): Refusal | undefined =>
  settings.oauth ? undefined : [401, 'oauth_disabled'];
const patOff = (settings: Settings): Refusal | undefined =>
  settings.pat ? undefined : [401, 'pat_disabled'];
const anonymousOff =
  (from: readonly Anonymous[]) =>
  ({ anonymous, ownAnonymous }: Settings): Refusal | undefined =>
    from.includes(ownAnonymous ?? anonymous) ? undefined : [401, 'authentication_required'];

/** An identity that Restgate vouches for: nothing of the caller's own goes on. */
const INJECTED = {
  user: 'alice',
  fields: {
    Authorization: undefined,
    Cookie: undefined,
    'X-Api-Token': undefined,
    'X-Restgate-User': 'alice',
  },
};
const OWN_TOKEN_GONE = { Authorization: undefined, 'X-Api-Token': undefined, 'X-Restgate-User': undefined };

interface Secrets {
  readonly ours: string;
  readonly provider: string;
  readonly pat: string;
  readonly session: string;
}

export function rows({ ours, provider, pat, session }: Secrets): Row[] {
  const password = basic('alice', 'alice-password');
  const link = 'OAuth oauth_consumer_key="other", oauth_token="", oauth_signature="x"';
  const asIs = (user: string | null, Authorization: string): Row['seen'] => ({
    user,
    fields: { Authorization, Cookie: undefined, 'X-Restgate-User': undefined },
  });
  const login = (name: string, path: string, headers: Fields, body: string): Row => ({
    name,
    path,
    headers,
    body,
    refusal: basicOff,
    seen: { user: null, fields: { Authorization: undefined }, body },
  });
  return [
    {
      name: 'nothing, a private API',
      refusal: anonymousOff(['application']),
      seen: { user: null, fields: { Authorization: undefined, Cookie: undefined } },
    },
    {
      name: 'nothing, a public API',
      path: '/rest/api/2/serverInfo',
      refusal: anonymousOff(['application', 'public-apis']),
      seen: { user: null, fields: { Authorization: undefined, Cookie: undefined } },
    },
    {
      name: 'API token as Bearer',
      headers: { Authorization: `Bearer ${ours}` },
      refusal: never,
      seen: INJECTED,
      untouched: OWN_TOKEN_GONE,
    },
    {
      name: 'API token as password',
      headers: { Authorization: basic('alice', ours) },
      refusal: never,
      seen: INJECTED,
      untouched: OWN_TOKEN_GONE,
    },
    {
      name: 'API token as X-Api-Token',
      headers: { 'X-Api-Token': ours },
      refusal: never,
      seen: INJECTED,
      untouched: OWN_TOKEN_GONE,
    },
    {
      name: 'API token beside a session',
      headers: { Authorization: `Bearer ${ours}`, Cookie: session },
      refusal: never,
      seen: INJECTED,
      untouched: { ...OWN_TOKEN_GONE, Cookie: session },
    },
    {
      name: 'provider token',
      headers: { Authorization: `Bearer ${provider}` },
      refusal: oauthOff,
      seen: INJECTED,
    },
    {
      name: 'provider token beside a session',
      headers: { Authorization: `Bearer ${provider}`, Cookie: session },
      refusal: oauthOff,
      seen: INJECTED,
    },
    {
      name: 'personal access token',
      headers: { Authorization: `Bearer ${pat}` },
      refusal: patOff,
      seen: asIs('alice', `Bearer ${pat}`),
    },
    {
      name: 'password',
      headers: { Authorization: password },
      refusal: basicOff,
      seen: asIs('alice', password),
    },
    {
      name: 'password beside a session',
      headers: { Authorization: password, Cookie: session },
      refusal: basicOff,
      seen: asIs('alice', password),
    },
    {
      name: 'password in the query',
      path: `${MYSELF}?${LOGIN_PARAMETERS}`,
      refusal: basicOff,
      seen: { ...asIs('alice', password), target: `/jira${MYSELF}` },
    },
    {
      name: 'password in the form',
      path: '/rest/standin/1.0/echo',
      headers: FORM,
      body: LOGIN_PARAMETERS,
      refusal: basicOff,
      seen: { ...asIs('alice', password), body: '' },
    },
    login(
      'login resource',
      '/rest/auth/1/session',
      JSON_BODY,
      '{"username":"alice","password":"alice-password"}',
    ),
    login('JSON-RPC login', '/rpc/json-rpc/confluenceservice-v2/login', JSON_BODY, '["somebody","x"]'),
    login('XML-RPC login', '/rpc/xmlrpc', { 'Content-Type': 'text/xml' }, '<methodCall/>'),
    {
      name: 'session',
      headers: { Cookie: session },
      refusal: ({ sessions }) => (sessions ? undefined : [401, 'session_rejected']),
      seen: { user: 'alice', fields: { Cookie: session, Authorization: undefined } },
    },
    {
      name: 'application link',
      headers: { Authorization: link },
      refusal: ({ links }) => (links ? undefined : [401, 'application_links_rejected']),
      seen: { user: null, fields: { Authorization: link } },
    },
  ];
}
