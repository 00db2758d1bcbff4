import { REASONS } from '../src/lib/reasons.js';
import type { ReasonCode } from '../src/lib/reasons.js';

/** One request of the collection and what is expected of its answer. */
export interface Call {
  readonly name: string;
  readonly description: string;
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly status: number;
  /** More lines of the test script. */
  readonly script?: readonly string[];
}

export interface Folder {
  readonly name: string;
  readonly description: string;
  readonly calls: readonly Call[];
}

const API = '{{adminUrl}}/restgate/api/v1';
const JIRA = '{{gatewayUrl}}/{{application}}';
const MYSELF = `${JIRA}/rest/api/2/myself`;
const ADMIN = { Authorization: 'Bearer {{adminToken}}' };
const JSON_BODY = { 'Content-Type': 'application/json' };

const isUser =
  "pm.test('Jira saw the user', () => pm.expect(pm.response.json().name).to.eql(pm.variables.get('username')));";
const keep = (variable: string, path: string): string =>
  `pm.collectionVariables.set('${variable}', pm.response.json().${path});`;
const says = (what: string, expression: string): string =>
  `pm.test('${what}', () => pm.expect(${expression}).to.be.true);`;

/** A Basic field that is made when the request is sent, so that no encoded secret is in the file. */
const basicOf = (variable: string, password: string): string =>
  `pm.collectionVariables.set('${variable}', btoa(\`\${pm.variables.get('username')}:\${pm.variables.get('${password}')}\`));`;

function refusal(code: ReasonCode, name: string, description: string, request: Partial<Call> = {}): Call {
  const { status } = REASONS[code];
  const script = [`pm.test('${name}: ${code}', () => pm.expect(pm.response.json().code).to.eql('${code}'));`];
  return { name, description, url: MYSELF, ...request, status, script };
}

const tokens: Folder = {
  name: 'Get a token',
  description:
    'What to type into "Get New Access Token" (OAuth 2.0), and a token that the client gets for itself.',
  calls: [
    {
      name: 'Values for the authorization code flow',
      description:
        'Copy `postman` of the answer into "Get New Access Token", or open `authorizationUrl` in a browser. Put the access token into `accessToken`.',
      method: 'POST',
      url: `${API}/providers/{{providerId}}/authorization`,
      headers: ADMIN,
      status: 201,
      script: [
        keep('state', 'state'),
        'const values = pm.response.json().postman;',
        says('PKCE with SHA-256', "values.codeChallengeMethod === 'SHA-256'"),
        says(
          'every value is there',
          '[values.callbackUrl, values.authUrl, values.accessTokenUrl, values.clientId, values.scope].every((value) => value.length > 0)',
        ),
      ],
    },
    {
      name: 'What became of the sign-in',
      description: 'Pending until the browser has been at the provider; then the token, once.',
      url: `${API}/providers/{{providerId}}/authorization/{{state}}`,
      headers: ADMIN,
      status: 200,
      script: [
        says('pending', "pm.response.json().status === 'pending'"),
        basicOf('basicPassword', 'password'),
      ],
    },
    {
      name: 'Client credentials',
      description:
        'A token for the client itself. It names no person: map its client id to a user in `serviceAccounts`.',
      method: 'POST',
      url: `${API}/providers/{{providerId}}/client-credentials`,
      headers: ADMIN,
      status: 200,
      script: [
        keep('clientToken', 'accessToken'),
        says('a token', 'pm.response.json().accessToken.length > 0'),
      ],
    },
  ],
};

const jira: Folder = {
  name: 'Call Jira',
  description: 'The same call with every kind of credential.',
  calls: [
    {
      name: 'With an access token of the provider',
      description: 'RFC 6750.',
      url: MYSELF,
      headers: { Authorization: 'Bearer {{accessToken}}' },
      status: 200,
      script: [isUser],
    },
    {
      name: 'With user name and password',
      description: 'Jira checks the password.',
      url: MYSELF,
      headers: { Authorization: 'Basic {{basicPassword}}' },
      status: 200,
      script: [isUser],
    },
    {
      name: 'A public API without a credential',
      description: 'Which APIs need none is set in `/public-api`.',
      url: `${JIRA}/rest/api/2/serverInfo`,
      status: 200,
    },
  ],
};

const apiTokens: Folder = {
  name: 'API tokens',
  description: 'Made here, shown once, good until they expire or are revoked.',
  calls: [
    {
      name: 'Make a token',
      description: 'The answer holds the token, once.',
      method: 'POST',
      url: `${API}/tokens`,
      headers: { ...ADMIN, ...JSON_BODY },
      body: { username: '{{username}}', name: 'Postman', scope: 'write', expiresInDays: 1 },
      status: 201,
      script: [keep('tokenId', 'id'), keep('apiToken', 'token'), basicOf('basicToken', 'apiToken')],
    },
    {
      name: 'As Bearer',
      description: 'The usual way.',
      url: MYSELF,
      headers: { Authorization: 'Bearer {{apiToken}}' },
      status: 200,
      script: [isUser],
    },
    {
      name: 'As X-Api-Token',
      description: 'For clients that cannot set Authorization.',
      url: MYSELF,
      headers: { 'X-Api-Token': '{{apiToken}}' },
      status: 200,
      script: [isUser],
    },
    {
      name: 'As password',
      description: 'For clients that know only user name and password, such as git.',
      url: MYSELF,
      headers: { Authorization: 'Basic {{basicToken}}' },
      status: 200,
      script: [isUser],
    },
    {
      name: 'Revoke it',
      description: 'At once, on every node.',
      method: 'DELETE',
      url: `${API}/tokens/{{tokenId}}`,
      headers: ADMIN,
      status: 204,
    },
    refusal('token_unknown', 'After revocation', 'The token is of no use any more.', {
      headers: { Authorization: 'Bearer {{apiToken}}' },
    }),
  ],
};

const insight: Folder = {
  name: 'Explain and audit',
  description: 'What would happen, and what happened.',
  calls: [
    {
      name: 'Explain',
      description: 'Every step of the decision; nothing is forwarded.',
      method: 'POST',
      url: `${API}/decisions`,
      headers: { ...ADMIN, ...JSON_BODY },
      body: {
        application: '{{application}}',
        method: 'GET',
        path: '/rest/api/2/myself',
        username: '{{username}}',
      },
      status: 200,
      script: [says('it would be forwarded', "pm.response.json().decision === 'forward'")],
    },
    {
      name: 'Test a token',
      description: 'The same code as for a call; the token is kept nowhere.',
      method: 'POST',
      url: `${API}/token-tests`,
      headers: { ...ADMIN, ...JSON_BODY },
      body: { scheme: 'bearer', token: '{{accessToken}}' },
      status: 200,
      script: [says('accepted', 'pm.response.json().accepted')],
    },
    {
      name: 'Audit log',
      description: 'The latest events.',
      url: `${API}/audit/events?limit=5`,
      headers: ADMIN,
      status: 200,
      script: [says('events', 'pm.response.json().items.length > 0')],
    },
  ],
};

const refusals: Folder = {
  name: 'Refusals',
  description: 'Every refused call has a code from a closed list: see docs/errors.md.',
  calls: [
    refusal('authentication_required', 'No credential', 'The API is not public.'),
    refusal('oauth_token_rejected', 'A strange access token', 'No provider takes it.', {
      headers: { Authorization: 'Bearer not-a-token-of-anybody' },
    }),
    refusal(
      'user_attribute_missing',
      'A token that names no person',
      'From "Client credentials", without an entry in `serviceAccounts`.',
      {
        headers: { Authorization: 'Bearer {{clientToken}}' },
      },
    ),
    refusal('token_malformed', 'A mistyped API token', 'Its checksum is wrong; nothing is looked up.', {
      headers: { Authorization: `Bearer rgt_${'x'.repeat(43)}` },
    }),
    refusal('ambiguous_credentials', 'Two credentials', 'Which one is meant is not guessed.', {
      headers: { Authorization: 'Bearer {{accessToken}}', 'X-Api-Token': '{{apiToken}}' },
    }),
    {
      name: 'Admin API without the admin token',
      description: 'A user is no admin.',
      url: `${API}/providers`,
      headers: { Authorization: 'Bearer {{accessToken}}' },
      status: 403,
    },
  ],
};

/** In the order in which they are run: later requests use what earlier ones kept. */
export const FOLDERS: readonly Folder[] = [tokens, jira, apiTokens, insight, refusals];
