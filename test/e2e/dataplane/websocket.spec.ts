import { readFrame, writeFrame } from '../../support/atlassian/websocket.js';
import { auditOf, callsOf, eventually, issueToken } from '../../support/dataplane.js';
import { RawConnection } from '../../support/raw-http.js';
import type { RawResult } from '../../support/raw-http.js';
import { head, SYNCHRONY, WEBSOCKET } from '../../support/wire-world.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

describe('WebSocket upgrades', () => {
  let world: World;
  let stopped = false;
  const open = async (path: string, fields: string[], more = '', method = 'GET'): Promise<RawConnection> => {
    const client = await RawConnection.open({ port: world.gateway.port });
    client.write(head(method, path, ...WEBSOCKET, ...fields) + more);
    return client;
  };
  const answerTo = async (path: string, ...fields: string[]): Promise<RawResult> => {
    const client = await open(path, fields);
    const answer = await client.read();
    client.destroy();
    return answer;
  };
  const bearer = async (user: string): Promise<string> =>
    `Authorization: Bearer ${await world.tokenOf(user)}`;
  /** The frames that came after the handshake. */
  const frames = (client: RawConnection): string[] => {
    let rest = client.raw.subarray(client.raw.indexOf('\r\n\r\n') + 4);
    const texts: string[] = [];
    for (let frame = readFrame(rest); frame; frame = readFrame(rest)) {
      texts.push(frame.payload.toString());
      rest = rest.subarray(frame.size);
    }
    return texts;
  };
  const greeted = (client: RawConnection) =>
    eventually('the greeting', () => client.raw.includes('\r\n\r\n') && frames(client).length > 0);
  const ended = (client: RawConnection) =>
    eventually('the end of the connection', () =>
      client.read({ timeoutMs: 1 }).then((state) => state.closed),
    );
  const allow = (allowed: string[]) =>
    world.gateway.admin.call('PUT', '/restrictions/ip?confirm=true', {
      enabled: allowed.length > 0,
      allowed,
      reverseProxy: { enabled: false, header: 'X-Forwarded-For', trustedProxies: [] },
      mode: 'enforce',
    });

  beforeAll(async () => {
    world = await startWorld();
  }, 60_000);
  beforeEach(() => world.jira.clear());
  afterAll(() => (stopped ? undefined : world?.stop()));

  it('frames pass both ways, as the user', async () => {
    const client = await open(SYNCHRONY, [
      await bearer('alice'),
      'X-Request-Id: ws-1',
      'Cookie: JSESSIONID=x',
    ]);
    await greeted(client);
    client.write(writeFrame(1, Buffer.from('ping'), true));
    await eventually('the echo', () => frames(client).includes('ping'));
    expect(frames(client)).toEqual(['hello alice', 'ping']);
    const answer = await client.read({ timeoutMs: 1 });
    expect(answer.status).toBe(101);
    expect(answer.header('X-Request-Id')).toEqual(['ws-1']);
    expect(answer.header('Sec-WebSocket-Accept')).toEqual(['s3pPLMBiTxaQ9kYGzzhZRbK+xOo=']);
    client.destroy();
    const [call] = callsOf(world.jira);
    expect(call).toMatchObject({ user: 'alice', authenticatedBy: 'trusted-header' });
    expect([...(call?.header('Authorization') ?? []), ...(call?.header('Cookie') ?? [])]).toEqual([]);
    expect(await auditOf(world.gateway.admin, 'ws-1')).toMatchObject([
      { decision: 'forwarded', status: 101, user: 'alice' },
    ]);
  });

  it('bytes that come right behind the handshake are not lost', async () => {
    const early = writeFrame(1, Buffer.from('early'), true).toString('latin1');
    const client = await open(SYNCHRONY, [await bearer('alice')], early);
    await eventually('the echo', () => client.raw.includes('\r\n\r\n') && frames(client).includes('early'));
    client.destroy();
  });

  it('web traffic passes with its own session', async () => {
    const client = await open(SYNCHRONY, [`Cookie: ${world.jira.openSession('bob')}`]);
    await greeted(client);
    expect(frames(client)).toEqual(['hello bob']);
    client.destroy();
  });

  it.each([
    ['a bad token', SYNCHRONY, ['Authorization: Bearer nonsense'], 401],
    ['a bad API token', SYNCHRONY, ['X-Api-Token: rgt_nonsense'], 401],
    ['no credential for an API', '/jira/rest/api/2/myself', [], 401],
    ['no application', '/elsewhere/ws', [], 404],
    ['a path that is refused', '/jira/synchrony/../rest/api/2/myself', [], 400],
  ])('U-19 %s is refused before anything is switched', async (_what, path, fields, status) => {
    const answer = await answerTo(path, ...fields);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ code: expect.any(String) });
    expect(answer.closed || answer.header('Connection').includes('close')).toBe(true);
    expect(world.jira.requests).toEqual([]);
  });

  it('U-19 with webTraffic: block nothing is switched without a credential', async () => {
    await world.gateway.admin.call('PATCH', '/applications/jira', { webTraffic: 'block' });
    const without = await answerTo(SYNCHRONY);
    const withToken = await open(SYNCHRONY, [await bearer('alice')]);
    await greeted(withToken);
    withToken.destroy();
    await world.gateway.admin.call('PATCH', '/applications/jira', { webTraffic: 'forward' });
    expect(without.status).toBe(404);
    expect(JSON.parse(without.body.toString())).toMatchObject({ code: 'not_an_api' });
  });

  it('U-19 the application’s 403 is 403, not 101', async () => {
    const answer = await answerTo('/jira/rest/standin/1.0/status?code=403', await bearer('alice'));
    expect([answer.status, answer.body.toString()]).toEqual([403, 'status 403']);
  });

  it('an application that is away is 502', async () => {
    await world.jira.pause();
    const answer = await answerTo(SYNCHRONY, await bearer('alice'));
    await world.jira.start();
    expect(answer.status).toBe(502);
    expect(answer.body.toString()).not.toContain('127.0.0.1');
  });

  it('an answer that breaks off does not end cleanly', async () => {
    const answer = await answerTo('/jira/rest/standin/1.0/reset-mid-body', await bearer('alice'));
    expect(answer).toMatchObject({ status: 200, complete: false, closed: true });
  });

  it('only GET can be switched', async () => {
    const client = await open(SYNCHRONY, [await bearer('alice'), 'Content-Length: 3'], 'abc', 'POST');
    const answer = await client.read();
    client.destroy();
    expect(answer.status).toBe(400);
    expect(world.jira.requests).toEqual([]);
  });

  it('I-17 a denied address is 403, and a changed list ends what is open', async () => {
    const client = await open(SYNCHRONY, [await bearer('alice')]);
    await greeted(client);
    await allow(['192.0.2.1']);
    await ended(client);
    const refused = await answerTo(SYNCHRONY, await bearer('alice'));
    await allow([]);
    expect(refused.status).toBe(403);
    expect(JSON.parse(refused.body.toString())).toMatchObject({ code: 'ip_not_allowed' });
  });

  it('an upgrade is counted and told its limit; what is open stays when the limit is reached', async () => {
    const { id, token } = await issueToken(world.gateway.admin, 'alice');
    const limit = (requests: number): Promise<unknown> =>
      world.gateway.admin.call('PUT', '/rate-limit', {
        enabled: true,
        overrides: [{ tokenId: id, requests, window: { value: 1, unit: 'hour' } }],
      });
    await limit(1);
    const client = await open(SYNCHRONY, [`Authorization: Bearer ${token}`]);
    await greeted(client);
    const opened = await client.read({ timeoutMs: 1 });
    expect(opened.header('RateLimit-Policy')).toEqual(['"token";q=1;w=3600']);
    expect(opened.header('X-RateLimit-Remaining')).toEqual(['0']);
    expect(opened.header('X-Token-Expires-At')).toHaveLength(1);
    const refused = await answerTo(SYNCHRONY, `Authorization: Bearer ${token}`);
    expect([refused.status, refused.header('Retry-After').length]).toEqual([429, 1]);
    // A change of settings has everything that is open decided anew; an echo afterwards proves that it stayed.
    await limit(1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    client.write(writeFrame(1, Buffer.from('still here'), true));
    await eventually('the echo', () => frames(client).includes('still here'));
    client.destroy();
    await world.gateway.admin.call('PUT', '/rate-limit', {});
  });

  it('U-19 a token that is revoked ends its connection, and no other', async () => {
    const { id, token } = await issueToken(world.gateway.admin, 'alice');
    const other = await open(SYNCHRONY, [await bearer('alice')]);
    const client = await open(SYNCHRONY, [`Authorization: Bearer ${token}`]);
    await Promise.all([greeted(client), greeted(other)]);
    await world.gateway.admin.call('DELETE', `/tokens/${id}`);
    await ended(client);
    other.write(writeFrame(1, Buffer.from('still here'), true));
    await eventually('the echo', () => frames(other).includes('still here'));
    other.destroy();
  });

  it('a shutdown ends what is open', async () => {
    const client = await open(SYNCHRONY, [await bearer('alice')]);
    await greeted(client);
    stopped = true;
    await world.stop();
    await ended(client);
  });
});
