import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { runningDatabaseUrl } from '../../../src/platform/database/embedded/running.js';
import { AdminClient } from '../../support/admin-client.js';
import { auditOf, basic, issueToken } from '../../support/dataplane.js';
import type { AtlassianStandIn } from '../../support/atlassian/server.js';
import { clientSecret } from '../../support/oidc/configuration.js';
import { startOidcProvider } from '../../support/oidc/provider.js';
import type { OidcTestProvider } from '../../support/oidc/provider.js';
import { RestgateProcess } from '../../support/restgate-process.js';
import { connectProduct, connectProvider } from '../../support/world.js';

const MYSELF = '/jira/rest/api/2/myself';
const ADMIN_LINE = /^Restgate admin token \(shown once\): (\S+)\n/m;
const ADMIN_FILE = 'admin.token';
/** Sent in the clear with every call; what it is found in proves that the search can find. */
const MARKER = 'marker-that-must-be-found';
/** 32 bytes of a JWT's signature or payload are a leak too. */
const PART_LENGTH = 40;

interface Secret {
  readonly name: string;
  readonly value: string;
}

/** The value itself, long parts of a JWT, and the value as it stands in a Basic field or in a bytea column. */
function needlesOf({ name, value }: Secret): Secret[] {
  const parts = value.split('.').filter((part) => part.length > PART_LENGTH && part !== value);
  const tails = parts.slice(1).map((part) => part.slice(-PART_LENGTH));
  const forms = [value, ...tails, basic('alice', value).slice(6), Buffer.from(value).toString('hex')];
  return forms.map((form) => ({ name: `${name}: ${form.slice(0, 6)}…`, value: form }));
}

function foundIn(haystack: Buffer | string, needles: readonly Secret[]): string[] {
  return needles.filter(({ value }) => haystack.includes(value)).map(({ name }) => name);
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function databaseText(url: string): Promise<string> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
       WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'`,
    );
    const texts: string[] = [];
    for (const { name } of tables.rows) {
      const { rows } = await client.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
      texts.push(name, ...rows.map(({ row }) => row));
    }
    await client.query('CHECKPOINT');
    return texts.join('\n');
  } finally {
    await client.end();
  }
}

describe('tokens and secrets after a run', () => {
  let folder: string;
  let restgate: RestgateProcess;
  let jira: AtlassianStandIn;
  let signed: OidcTestProvider;
  let asked: OidcTestProvider;
  let admin: AdminClient;
  const secrets: Secret[] = [];
  const keep = (name: string, value: string): string => {
    secrets.push({ name, value });
    return value;
  };
  let needles: Secret[] = [];

  const call = async (headers: Record<string, string>, path = MYSELF): Promise<number> => {
    const answer = await fetch(restgate.url + path, { headers: { 'User-Agent': MARKER, ...headers } });
    await answer.arrayBuffer();
    return answer.status;
  };
  const bearer = (token: string): Record<string, string> => ({ Authorization: `Bearer ${token}` });

  /** Good and refused tokens of every kind, each the way clients send it. */
  const callWithEverything = async (): Promise<void> => {
    const jwt = keep('JWT', await signed.fetchJwt('alice'));
    const opaque = keep('opaque token', await asked.fetchOpaque('alice'));
    const own = keep('API token', (await issueToken(admin, 'alice')).token);
    const pat = keep('personal access token', jira.issuePat('alice').token);
    for (const token of [jwt, opaque, own, pat]) expect(await call(bearer(token))).toBe(200);
    expect(await call({ 'X-Api-Token': own })).toBe(200);
    expect(await call({ Authorization: basic('alice', own) })).toBe(200);
    expect(await call({ Authorization: basic('alice', keep('password', 'alice-password')) })).toBe(200);
    expect(await call({}, `${MYSELF}?os_username=alice&os_password=alice-password`)).toBe(200);
    const session = jira.openSession('alice');
    keep('session', session.split(/[=;]/)[1] ?? '');
    expect(await call({ Cookie: session })).toBe(200);
    const tokens = await signed.fetchToken({ user: 'bob', resource: signed.resource });
    const refused = [
      keep('ID token', tokens.id_token ?? ''),
      keep('refresh token', tokens.refresh_token ?? 'none-was-given-to-bob'),
      keep('expired token', signed.signJwt(signed.accessTokenClaims('bob', { exp: 1_000_000 }))),
      keep(
        "another client's token",
        signed.signJwt(signed.accessTokenClaims('bob', { aud: 'x', client_id: 'x' })),
      ),
      keep('unknown API token', `rgt_${'q7'.repeat(21)}q`),
      keep('garbage', 'garbage-that-is-no-token-of-anybody'),
    ];
    for (const token of refused) expect(await call(bearer(token))).toBe(401);
    expect(await call({}, `${MYSELF}?access_token=${jwt}`)).toBeGreaterThanOrEqual(200);
  };

  /** What an admin pastes and fetches. */
  const askAsAdmin = async (providerId: string, redirectUri: string): Promise<void> => {
    const token = keep('pasted token', await signed.fetchJwt('rita'));
    await admin.call('POST', '/token-tests', { scheme: 'bearer', token });
    await admin.call('POST', '/decisions', {
      application: 'jira',
      path: '/x',
      credential: { scheme: 'bearer', token },
    });
    await admin.call('POST', `/providers/${providerId}/userinfo`, { accessToken: token });
    const forItself = await admin.call<{ accessToken: string }>(
      'POST',
      `/providers/${providerId}/client-credentials`,
    );
    keep('token of the client', forItself.accessToken);
    // As a page does it, so the sign-in is bound to its browser by a cookie.
    const fromPage = { 'Sec-Fetch-Site': 'same-origin' };
    const answer = await admin.send('POST', `/providers/${providerId}/authorization`, undefined, fromPage);
    const begun = (await answer.json()) as { authorizationUrl: string; state: string };
    const cookie = keep('cookie', (answer.headers.getSetCookie()[0] ?? '').split(/[=;]/)[1] as string);
    const name = (answer.headers.getSetCookie()[0] ?? '').split('=')[0] as string;
    const back = await signed.walkAuthorization(begun.authorizationUrl, 'alice', redirectUri);
    keep('code', back.searchParams.get('code') ?? '');
    keep('state', begun.state);
    const headers = { Cookie: `${name}=${cookie}` };
    expect((await fetch(restgate.controlUrl + back.pathname + back.search, { headers })).status).toBe(200);
    const fetched = await admin.call<{ accessToken: string }>(
      'GET',
      `/providers/${providerId}/authorization/${begun.state}`,
    );
    keep('fetched token', fetched.accessToken);
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'restgate-leaks-'));
    chmodSync(folder, 0o755);
    const port = '0';
    const publicUrl = 'http://127.0.0.1';
    const env = {
      PORT: port,
      PUBLIC_URL: publicUrl,
      DATA_DIR: folder,
      LOG_LEVEL: 'trace',
      LOG_FORMAT: 'json',
    };
    [restgate, signed, asked] = await Promise.all([
      RestgateProcess.start(env),
      startOidcProvider(),
      startOidcProvider(),
    ]);
    const adminToken = keep('admin token', ADMIN_LINE.exec(restgate.output)?.[1] as string);
    admin = new AdminClient(restgate.controlUrl, adminToken);
    jira = await connectProduct({ admin }, 'jira', 'header');
    const { id } = await connectProvider({ admin }, signed, 'jwt');
    await admin.call('PATCH', `/providers/${id}`, { name: 'Signed tokens' });
    await connectProvider({ admin }, asked, 'introspection');
    keep('client secret', clientSecret('restgate'));
    keep('directory password', 'svc-restgate-password');
    keep('shared secret', 'shared-secret-for-tests-only');
    await callWithEverything();
    await askAsAdmin(id, `${publicUrl}/restgate/oauth/callback`);
    const requestId = 'last-request-of-the-run';
    await call({ ...bearer('garbage-at-the-end'), 'X-Request-Id': requestId });
    await auditOf(admin, requestId);
    needles = secrets.flatMap(needlesOf);
  }, 120_000);

  afterAll(async () => {
    await restgate?.stop('SIGKILL');
    await Promise.all([jira?.close(), signed?.close(), asked?.close()]);
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  it('every secret of the run is known and long enough to be searched for', () => {
    expect(secrets.filter(({ value }) => value.length < 12)).toEqual([]);
    expect(secrets.length).toBeGreaterThanOrEqual(20);
  });

  it('the output of the process holds none, at the most talkative log level', () => {
    expect(restgate.output).toContain('is ready after');
    expect(foundIn(restgate.output.replace(ADMIN_LINE, ''), needles)).toEqual([]);
  });

  it('the metrics hold none', async () => {
    const answer = await fetch(`${restgate.controlUrl}/restgate/metrics`, {
      headers: bearer(secrets[0]?.value as string),
    });
    const text = await answer.text();
    expect(text).toContain('restgate_');
    expect(foundIn(text, needles)).toEqual([]);
  });

  it('no column of the database holds one', async () => {
    const text = await databaseText((await runningDatabaseUrl(folder)) as string);
    expect(text).toContain(MARKER);
    expect(foundIn(text, needles)).toEqual([]);
  });

  it('no file of the data directory holds one, PostgreSQL own files and write-ahead log included', () => {
    const found: string[] = [];
    let withMarker = 0;
    for (const file of filesBelow(folder)) {
      const content = readFileSync(file);
      if (content.includes(MARKER)) withMarker += 1;
      const exempt =
        file === join(folder, ADMIN_FILE) ? needlesOf(secrets[0] as Secret).map(({ name }) => name) : [];
      for (const name of foundIn(content, needles))
        if (!exempt.includes(name)) found.push(`${name} in ${file}`);
    }
    expect(found).toEqual([]);
    expect(withMarker).toBeGreaterThan(0);
  });
});
