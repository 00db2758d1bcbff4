/**
 * The main job on embedded parts: an identity provider's token in, the right Atlassian user out. Starts a
 * small Jira stand-in and a real OpenID provider, runs the built product with its embedded database, and
 * configures it through the admin API as an admin would. `--once` checks everything and exits 0 or 1.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdminClient } from '../test/support/admin-client.js';
import { AtlassianStandIn } from '../test/support/atlassian/server.js';
import { RESOURCE, clientSecret } from '../test/support/oidc/configuration.js';
import { startOidcProvider } from '../test/support/oidc/provider.js';
import type { OidcTestProvider } from '../test/support/oidc/provider.js';
import { RestgateProcess } from '../test/support/restgate-process.js';

const USUAL_PORT = 8080;
const MYSELF = '/jira/rest/api/2/myself';

interface Demo {
  readonly jira: AtlassianStandIn;
  readonly provider: OidcTestProvider;
  readonly restgate: RestgateProcess;
  readonly adminToken: string;
  readonly dataDir: string;
}

const say = (text = ''): boolean => process.stdout.write(`${text}\n`);

function freePort(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', () => (wanted === 0 ? reject(new Error('No free port.')) : resolve(freePort(0))));
    probe.listen(wanted, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

async function start(): Promise<Demo> {
  const jira = new AtlassianStandIn({ product: 'jira', contextPath: '/jira' });
  await jira.start();
  say(`Jira stand-in            ${jira.url}`);
  // As most providers do: a JWT for the gateway, also when a browser that signs in asks for nothing in particular.
  const provider = await startOidcProvider({ defaultResource: RESOURCE });
  say(`OpenID provider          ${provider.issuer}`);
  const dataDir = mkdtempSync(join(tmpdir(), 'restgate-demo-'));
  chmodSync(dataDir, 0o755);
  const adminToken = randomBytes(24).toString('base64url');
  const port = await freePort(USUAL_PORT);
  const restgate = await RestgateProcess.start({
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    DATA_DIR: dataDir,
    ADMIN_TOKEN: adminToken,
    LOG_LEVEL: 'warn',
    LOG_FORMAT: 'json',
  });
  say(`Restgate                 ${restgate.url} (ready after ${restgate.readyAfterMs} ms)`);
  return { jira, provider, restgate, adminToken, dataDir };
}

/** What an admin does once: the application with its public key, and the provider by discovery. */
async function configure({ jira, provider, restgate, adminToken }: Demo): Promise<void> {
  const admin = new AdminClient(restgate.controlUrl, adminToken);
  const application = await admin.call<{ identity: { publicKey: string } }>('POST', '/applications', {
    key: 'jira',
    name: 'Jira',
    product: 'jira',
    baseUrl: jira.url,
    identity: { mode: 'oauth1', consumerKey: 'restgate' },
    directory: { kind: 'application', username: 'svc-restgate', password: 'svc-restgate-password' },
  });
  jira.setConsumer({
    key: 'restgate',
    publicKeyPem: application.identity.publicKey,
    twoLOAllowed: true,
    impersonationAllowed: true,
  });
  const check = await admin.call<{ identity: { ok: boolean; detail: string }; directory: { ok: boolean } }>(
    'POST',
    '/applications/jira/check',
  );
  say(
    `Application check        identity ${check.identity.ok ? 'ok' : check.identity.detail}, directory ${check.directory.ok ? 'ok' : 'failed'}`,
  );
  const created = await admin.call<{ id: string }>('POST', '/providers', {
    name: 'Demo provider',
    preset: 'custom-oidc',
    issuer: provider.issuer,
    clientId: 'restgate',
    clientSecret: clientSecret('restgate'),
    scope: 'openid profile email groups',
    validation: 'jwt',
    audience: [provider.resource],
    usernameAttribute: 'preferred_username',
  });
  await admin.call('POST', `/providers/${created.id}/discover`);
  say('Provider                 created and filled by discovery');
  await admin.call('PATCH', '/global-settings', { adminGroups: ['jira-administrators'] });
}

interface Call {
  readonly what: string;
  readonly token: string | undefined;
  readonly expected: number;
  readonly user?: string;
}

/** One call through the gateway; true when it went as expected and Jira saw the right user. */
async function tryCall({ jira, restgate }: Demo, call: Call): Promise<boolean> {
  jira.clear();
  const headers: Record<string, string> =
    call.token === undefined ? {} : { Authorization: `Bearer ${call.token}` };
  const answer = await fetch(restgate.url + MYSELF, { headers });
  const body = (await answer.json()) as { name?: string; code?: string };
  const seen = jira.requestsTo('/rest/api/2/myself').map((request) => request.user);
  const asExpected =
    answer.status === call.expected &&
    (call.user === undefined
      ? seen.length === 0
      : body.name === call.user && seen.length === 1 && seen[0] === call.user);
  const result =
    call.user === undefined
      ? `${answer.status} ${body.code ?? ''}, Jira saw nothing`
      : `${answer.status} as ${body.name ?? '?'}, Jira saw ${seen.join()}`;
  say(`${asExpected ? '  ok  ' : 'FAILED'}  ${call.what.padEnd(34)} ${result}`);
  return asExpected;
}

async function run(demo: Demo, aliceToken: string): Promise<boolean> {
  const { provider } = demo;
  const foreign = (await provider.clientCredentials('ci-bot', 'https://another-api.example')).access_token;
  const idToken = (await provider.fetchToken({ user: 'alice', resource: provider.resource })).id_token;
  const calls: Call[] = [
    { what: "alice's access token", token: aliceToken, expected: 200, user: 'alice' },
    { what: "bob's access token", token: await provider.fetchJwt('bob'), expected: 200, user: 'bob' },
    { what: 'no token', token: undefined, expected: 401 },
    { what: 'a token for another audience', token: foreign, expected: 401 },
    { what: 'an ID token', token: idToken, expected: 401 },
    { what: 'a token with a changed signature', token: `${aliceToken.slice(0, -8)}AAAAAAAA`, expected: 401 },
  ];
  let good = true;
  for (const call of calls) good = (await tryCall(demo, call)) && good;
  return good;
}

function explain({ restgate, adminToken }: Demo, aliceToken: string): void {
  say();
  say('Repeat it by hand:');
  say(`  TOKEN='${aliceToken}'`);
  say(`  curl -i -H "Authorization: Bearer $TOKEN" ${restgate.url}${MYSELF}`);
  say(`  curl -i ${restgate.url}${MYSELF}`);
  say(
    `  curl -s -H 'Authorization: Bearer ${adminToken}' '${restgate.controlUrl}/restgate/api/v1/audit/events?limit=5'`,
  );
  say();
  say(`In a browser   ${restgate.controlUrl}/restgate/ (sign in as "admin", or as "alice", who is no admin)`);
  say(`Swagger UI     ${restgate.controlUrl}/restgate/docs`);
  say(`Admin token    ${adminToken}`);
}

async function stop(demo: Demo): Promise<void> {
  await demo.restgate.stop();
  await Promise.all([demo.jira.close(), demo.provider.close()]);
  rmSync(demo.dataDir, { recursive: true, force: true });
}

async function main(): Promise<void> {
  const once = process.argv.includes('--once');
  const demo = await start();
  let good = false;
  try {
    await configure(demo);
    const aliceToken = await demo.provider.fetchJwt('alice');
    say();
    good = await run(demo, aliceToken);
    explain(demo, aliceToken);
    if (!once) {
      say('\nCtrl-C ends it.');
      await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
    }
  } finally {
    await stop(demo);
  }
  say(good ? '\nThe demo went as it should.' : '\nThe demo failed.');
  process.exitCode = good ? 0 : 1;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
