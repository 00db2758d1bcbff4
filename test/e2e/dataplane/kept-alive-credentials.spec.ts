import { auditOf, basic, issueToken } from '../../support/dataplane.js';
import { RawConnection, rawRequest } from '../../support/raw-http.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

const MYSELF = '/jira/rest/api/2/myself';

/** A connection remembers the last bearer token that it recognised: none of these may be taken for another. */
describe('requests on one kept-alive connection', () => {
  let world: World;
  let alice: string;
  let bob: string;
  let own: string;

  beforeAll(async () => {
    world = await startWorld();
    alice = `Authorization: Bearer ${await world.tokenOf('alice')}`;
    bob = `Authorization: Bearer ${await world.tokenOf('bob')}`;
    own = (await issueToken(world.gateway.admin, 'bob')).token;
  }, 60_000);
  afterAll(() => world?.stop());

  const send = async (...requests: string[][]): Promise<[number, string][]> => {
    const bytes = requests.map((fields) => [...fields, 'Host: gw.test', '', ''].join('\r\n')).join('');
    const { responses } = await rawRequest({ port: world.gateway.port }, bytes, {
      expectResponses: requests.length,
    });
    return responses.map(({ status, body }) => [status, body.toString()]);
  };
  const get = (...fields: string[]): string[] => [`GET ${MYSELF} HTTP/1.1`, ...fields];
  const named = (user: string): unknown => [200, expect.stringContaining(`"name":"${user}"`)];
  const refused = (status: number, code: string): unknown => [
    status,
    expect.stringContaining(`"code":"${code}"`),
  ];

  it('act each as the user of its own token', async () => {
    expect(await send(get(alice), get(bob), get(alice), get(alice), get(bob))).toEqual(
      ['alice', 'bob', 'alice', 'alice', 'bob'].map(named),
    );
  });

  it('without a credential are nobody after one with a token', async () => {
    expect(await send(get(alice), get(), get(alice))).toEqual([
      named('alice'),
      refused(401, 'authentication_required'),
      named('alice'),
    ]);
  });

  it('are answered after a refused one, whatever request id that one chose', async () => {
    const client = await RawConnection.open({ port: world.gateway.port });
    const text = (fields: string[]): string => [...fields, 'Host: gw.test', '', ''].join('\r\n');
    client.write(text(get('X-Request-Id: close')));
    await client.read();
    client.write(text(get(alice)));
    const { responses } = await client.read({ expectResponses: 2 });
    client.destroy();
    expect(responses.map(({ status, body }) => [status, body.toString()])).toEqual([
      refused(401, 'authentication_required'),
      named('alice'),
    ]);
  });

  it('are ambiguous with a second credential, also when the first one is known', async () => {
    const twice = refused(400, 'ambiguous_credentials');
    const withQuery = [`GET ${MYSELF}?os_username=bob&os_password=x HTTP/1.1`, alice];
    expect(await send(get(alice), get(alice, `X-Api-Token: ${own}`))).toEqual([named('alice'), twice]);
    expect(await send(get(alice), withQuery)).toEqual([named('alice'), twice]);
  });

  it('are judged by the password or the other scheme that replaces the token', async () => {
    const answers = await send(
      get(alice),
      get(`Authorization: ${basic('bob', own)}`),
      get(alice.replace('Bearer', 'Token')),
      get(`X-Api-Token: ${own}`),
      get(alice),
    );
    expect(answers).toEqual([
      named('alice'),
      named('bob'),
      refused(401, 'unsupported_credential'),
      named('bob'),
      named('alice'),
    ]);
  });

  it('are refused from the moment on that the kind of their token is switched off', async () => {
    const agent = get(alice, 'X-Request-Id: kept-alive-off');
    expect(await send(agent)).toEqual([named('alice')]);
    await world.gateway.admin.call('PATCH', '/global-settings', { oauthTokensEnabled: false });
    expect(await send(agent)).toEqual([refused(401, 'oauth_disabled')]);
    await world.gateway.admin.call('PATCH', '/global-settings', { oauthTokensEnabled: true });
    expect(await auditOf(world.gateway.admin, 'kept-alive-off')).toHaveLength(2);
  });

  it('come each from the address that the proxy before us names, not from that of the one before', async () => {
    const { admin } = world.gateway;
    const restrict = (enabled: boolean): Promise<unknown> =>
      admin.call('PUT', '/restrictions/ip?confirm=true', {
        enabled,
        allowed: enabled ? ['192.0.2.1'] : [],
        reverseProxy: {
          enabled,
          header: 'X-Forwarded-For',
          trustedProxies: enabled ? ['127.0.0.1'] : [],
        },
        mode: 'enforce',
      });
    await restrict(true);
    const from = (address: string): string[] =>
      get(alice, `X-Forwarded-For: ${address}`, `X-Request-Id: from-${address}`);
    const answers = await send(from('192.0.2.1'), from('192.0.2.9'), get(alice), from('192.0.2.1'));
    await restrict(false);
    const denied = refused(403, 'ip_not_allowed');
    expect(answers).toEqual([named('alice'), denied, denied, named('alice')]);
    expect((await auditOf(admin, 'from-192.0.2.9')).map(({ clientIp }) => clientIp)).toEqual(['192.0.2.9']);
    expect((await auditOf(admin, 'from-192.0.2.1')).map(({ clientIp }) => clientIp)).toEqual([
      '192.0.2.1',
      '192.0.2.1',
    ]);
  });
});
