import { auditOf, callsOf, eventually } from '../../support/dataplane.js';
import { RawConnection, rawRequest } from '../../support/raw-http.js';
import type { RawResult } from '../../support/raw-http.js';
import { startWorld } from '../../support/world.js';
import type { World } from '../../support/world.js';

const HELPERS = '/jira/rest/standin/1.0/';

describe('an application that misbehaves', () => {
  let world: World;
  let alice: string;
  const head = (method: string, helper: string, ...fields: string[]): string =>
    [
      `${method} ${HELPERS}${helper} HTTP/1.1`,
      'Host: gw.test',
      `Authorization: Bearer ${alice}`,
      ...fields,
      '',
      '',
    ].join('\r\n');
  const raw = (method: string, helper: string, ...fields: string[]): Promise<RawResult> =>
    rawRequest({ port: world.gateway.port }, head(method, helper, ...fields), { timeoutMs: 8000 });
  const hits = (): number => callsOf(world.jira).length;
  const timeouts = (headersMs: number, idleMs: number) =>
    world.gateway.admin.call('PATCH', '/applications/jira', {
      timeouts: { connectMs: 2000, headersMs, idleMs },
    });

  /** The answer is ours, in Jira's shape, and does not name the application's address. */
  const expectOurs = (answer: RawResult, status: number, code: string): void => {
    expect(answer.status).toBe(status);
    const text = answer.body.toString();
    expect(JSON.parse(text)).toMatchObject({
      code,
      errorMessages: [expect.any(String)],
      requestId: expect.any(String),
    });
    for (const secret of [
      '127.0.0.1',
      'localhost',
      String(world.jira.address.port),
      'ECONN',
      'undici',
      'HPE_',
    ]) {
      expect(text).not.toContain(secret);
    }
  };

  beforeAll(async () => {
    world = await startWorld();
    alice = await world.tokenOf('alice');
    await raw('GET', 'echo');
  }, 60_000);
  beforeEach(() => world.jira.clear());
  afterAll(() => world?.stop());

  it('U-01 a refused connection is 502, and back without a restart', async () => {
    await world.jira.pause();
    expectOurs(await raw('GET', 'echo', 'X-Request-Id: u-01'), 502, 'upstream_unavailable');
    await world.jira.start();
    expect((await raw('GET', 'echo')).status).toBe(200);
    expect(await auditOf(world.gateway.admin, 'u-01')).toMatchObject([
      { decision: 'denied', reason: 'upstream_unavailable', status: 502, user: 'alice' },
    ]);
  });

  it.each(['reset-before-headers', 'close-before-headers'])(
    'U-03 %s: a GET is tried once more, then 502',
    async (helper) => {
      expectOurs(await raw('GET', helper), 502, 'upstream_unavailable');
      expect(hits()).toBe(2);
    },
  );

  it('U-03 a GET that fails once succeeds', async () => {
    world.jira.fail({ pathPrefix: '/rest/standin/1.0/echo', action: 'reset', times: 1 });
    expect((await raw('GET', 'echo')).status).toBe(200);
    expect(hits()).toBe(2);
  });

  it.each(['POST', 'PUT', 'DELETE'])('U-03 %s is never sent twice', async (method) => {
    expectOurs(
      await raw(method, 'reset-before-headers', 'Content-Type: application/json', 'Content-Length: 0'),
      502,
      'upstream_unavailable',
    );
    expect(hits()).toBe(1);
  });

  it.each([
    ['U-05 garbage', 'garbage'],
    ['two lengths', 'two-lengths'],
    ['length beside chunked', 'length-and-chunked'],
    ['a header of 300 KB', 'huge-header'],
    ['S-35 an unsolicited 101', 'unsolicited-101'],
  ])('%s is 502', async (_what, helper) => {
    expectOurs(await raw('GET', helper), 502, 'upstream_protocol_error');
    expect(hits()).toBe(1);
  });

  it('S-33 bytes behind an answer are nobody’s answer', async () => {
    const first = await raw('GET', 'surplus');
    const others = await Promise.all([1, 2, 3].map(() => raw('GET', 'echo')));
    expect(first.raw.toString('latin1')).not.toContain('evil');
    expect(others.map((each) => [each.status, JSON.parse(each.body.toString()).user])).toEqual(
      [1, 2, 3].map(() => [200, 'alice']),
    );
  });

  it.each([
    ['with a length', 'reset-mid-body'],
    ['chunked', 'reset-mid-chunk'],
    ['closed instead of reset', 'close-mid-body'],
  ])('U-07 an answer that breaks off (%s) never ends cleanly', async (_how, helper) => {
    const answer = await raw('GET', helper, `X-Request-Id: ${helper}`);
    expect(answer.closed).toBe(true);
    expect(answer.complete).toBe(false);
    expect(hits()).toBe(1);
    expect(await auditOf(world.gateway.admin, helper)).toMatchObject([
      { decision: 'forwarded', status: 200, detail: expect.any(String) },
    ]);
  });

  it('U-09 503 with Retry-After passes once', async () => {
    const answer = await raw('GET', 'status?code=503&retryAfter=3600');
    expect(answer.status).toBe(503);
    expect(answer.header('Retry-After')).toEqual(['3600']);
    expect(answer.body.toString()).toBe('status 503');
    expect(hits()).toBe(1);
  });

  it.each([400, 401, 403, 404, 409, 500, 502, 504])('status %i passes as it is', async (code) => {
    const answer = await raw('GET', `status?code=${code}`);
    expect([answer.status, answer.body.toString()]).toEqual([code, `status ${code}`]);
    expect(answer.header('WWW-Authenticate')).toEqual([]);
  });

  it('U-21 an application that does not answer in time is 504, not asked again', async () => {
    await timeouts(500, 60_000);
    expectOurs(await raw('GET', 'hang'), 504, 'upstream_timeout');
    expect(hits()).toBe(1);
    await eventually('the request upstream was cancelled', () => callsOf(world.jira)[0]?.aborted);
    await timeouts(60_000, 300_000);
  });

  it('U-21 an answer that stalls in its middle breaks the connection', async () => {
    await timeouts(60_000, 500);
    const answer = await raw('GET', 'stream?count=2&pauseMs=6000');
    expect(answer).toMatchObject({ status: 200, complete: false, closed: true });
    await timeouts(60_000, 300_000);
  });

  it('an answer that comes while the upload runs is given', async () => {
    const client = await RawConnection.open({ port: world.gateway.port });
    client.write(
      head('POST', 'early-answer', 'Content-Type: application/octet-stream', 'Content-Length: 100000000'),
    );
    client.write(Buffer.alloc(1000));
    const answer = await client.read();
    client.destroy();
    expect(answer.status).toBe(413);
    expect(answer.body.toString()).toBe('too large');
  });

  it('a refused upload is told why', async () => {
    const send = () =>
      fetch(`${world.gateway.url}${HELPERS}echo`, {
        method: 'POST',
        headers: { Authorization: 'Bearer nonsense', 'Content-Type': 'application/octet-stream' },
        body: Buffer.alloc(20 * 1024 * 1024),
      });
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) statuses.push((await send()).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401]);
    expect(hits()).toBe(0);
  });

  it('304, 204 and HEAD have no body and leave the connection usable', async () => {
    const requests = [
      head('GET', 'not-modified'),
      head('GET', 'no-content'),
      head('HEAD', 'json'),
      head('GET', 'json'),
    ].join('');
    const answer = await rawRequest({ port: world.gateway.port }, requests, {
      expectResponses: 4,
      methods: ['GET', 'GET', 'HEAD', 'GET'],
    });
    expect(answer.responses.map((each) => [each.status, each.body.length])).toEqual([
      [304, 0],
      [204, 0],
      [200, 0],
      [200, 39],
    ]);
    expect(answer.responses[0]?.header('ETag')).toEqual(['"1"']);
  });

  it('U-15 a JSON body passes byte for byte, both ways', async () => {
    const sent = '{"id":12345678901234567890,"a":1,"a":2, "u":"\\u00fc" }';
    const answer = await raw('GET', 'json', 'X-Request-Id: u-15-down');
    const headers = { 'Content-Type': 'application/json', 'X-Request-Id': 'u-15-up' };
    await world.fetch(`${HELPERS}echo`, 'alice', { method: 'POST', headers, body: sent });
    expect(answer.body.toString()).toBe('{"id":12345678901234567890,"a":1,"a":2}');
    expect(world.jira.last().body.toString()).toBe(sent);
    expect(await auditOf(world.gateway.admin, 'u-15-down')).toMatchObject([
      { requestBytes: 0, responseBytes: 39 },
    ]);
    expect(await auditOf(world.gateway.admin, 'u-15-up')).toMatchObject([{ requestBytes: sent.length }]);
  });

  it('trailers and compressed bodies pass', async () => {
    const trailers = await raw('GET', 'trailers', 'TE: trailers');
    const gzip = await world.fetch(`${HELPERS}gzip`, 'alice');
    expect(trailers.body.toString()).toBe('with trailers');
    expect(trailers.trailers).toEqual([['X-Checksum', 'abc123']]);
    expect(gzip.headers.get('Content-Encoding')).toBe('gzip');
    expect(await gzip.text()).toBe('zipped for alice');
  });

  it('ranges and conditions of attachments pass', async () => {
    const files = new FormData();
    files.set('file', new Blob(['0123456789']), 'digits.txt');
    const made = await world.fetch('/jira/rest/api/2/issue/X-1/attachments', 'alice', {
      method: 'POST',
      body: files,
    });
    const [file] = (await made.json()) as { content: string }[];
    const path = `/jira${new URL(file?.content as string).pathname.replace(/^\/jira/, '')}`;
    const part = await world.fetch(path, 'alice', { headers: { Range: 'bytes=2-4' } });
    expect([part.status, await part.text(), part.headers.get('Content-Range')]).toEqual([
      206,
      '234',
      'bytes 2-4/10',
    ]);
    const same = await world.fetch(path, 'alice', {
      headers: { 'If-None-Match': part.headers.get('ETag') as string },
    });
    expect(same.status).toBe(304);
  });

  it.each([
    ['an event stream', 'events?count=3&pauseMs=2000', 'event 0'],
    ['a chunked answer', 'stream?count=3&pauseMs=2000', 'piece 0'],
  ])('U-17 the first piece of %s passes before the second is made', async (_what, helper, first) => {
    const client = await RawConnection.open({ port: world.gateway.port });
    client.write(head('GET', helper));
    await eventually('the first piece', () => client.raw.includes(first));
    expect(client.raw.toString()).not.toContain(first.replace('0', '1'));
    client.destroy();
    await eventually('the request upstream was cancelled', () => callsOf(world.jira)[0]?.aborted);
  });

  it('an upload passes piece by piece, before its end', async () => {
    const client = await RawConnection.open({ port: world.gateway.port });
    client.write(
      head('POST', 'upload-progress', 'Content-Type: application/octet-stream', 'Transfer-Encoding: chunked'),
    );
    client.write('5\r\nhello\r\n');
    await eventually('the first piece upstream', () => client.raw.includes('5\n'));
    client.write('7\r\nagain!!\r\n0\r\n\r\n');
    await eventually('the end', () => client.raw.includes('done\n'));
    client.destroy();
  });

  it.each(['GET', 'POST'])('a client that leaves cancels its %s upstream', async (method) => {
    const client = await RawConnection.open({ port: world.gateway.port });
    const body = method === 'POST' ? ['Content-Type: text/plain', 'Content-Length: 1000'] : [];
    client.write(
      head(method, 'hang', `X-Request-Id: left-${method}`, ...body) + (method === 'POST' ? 'begin' : ''),
    );
    await eventually('the request upstream', () => hits() === 1);
    client.destroy();
    await eventually('the cancellation', () => callsOf(world.jira)[0]?.aborted);
    expect(await auditOf(world.gateway.admin, `left-${method}`)).toMatchObject([
      { detail: 'the client went away', user: 'alice' },
    ]);
  });

  it.each([
    ['redirect-absolute', /^http:\/\/gw\.test\/jira\/rest\/api\/2\/serverInfo\?x=1$/],
    ['redirect-relative', /^\/jira\/rest\/api\/2\/serverInfo$/],
    ['redirect-elsewhere', /^https:\/\/elsewhere\.example\/there$/],
    ['created', /^http:\/\/gw\.test\/jira\/rest\/api\/2\/issue\/X-1$/],
  ])('Location of %s leads back through the gateway', async (helper, location) => {
    const answer = await raw('GET', helper);
    expect(answer.header('Location')).toEqual([expect.stringMatching(location)]);
  });

  it('the application’s own 429 passes with its Retry-After', async () => {
    const answer = await raw('GET', 'rate-limited', 'Accept: application/json');
    expect(answer.status).toBe(429);
    expect(answer.header('Retry-After')).toEqual(['6']);
    expect(answer.header('X-RateLimit-Limit')).toEqual(['50']);
    expect(hits()).toBe(1);
  });
});
