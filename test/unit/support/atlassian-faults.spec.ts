import { createHash } from 'node:crypto';
import { downloadSha256 } from '../../support/atlassian/download.js';
import { startAtlassian, type AtlassianStandIn } from '../../support/atlassian/server.js';
import { acceptKey, readFrame, writeFrame } from '../../support/atlassian/websocket.js';
import { RawConnection, rawRequest, type RawOptions, type RawResult } from '../../support/raw-http.js';

let jira: AtlassianStandIn;
beforeEach(async () => {
  jira = await startAtlassian({ product: 'jira' });
});
afterEach(() => jira.close());

function helper(name: string, options: RawOptions = {}, headers = ''): Promise<RawResult> {
  const bytes = `GET /rest/standin/1.0/${name} HTTP/1.1\r\nHost: j\r\n${headers}\r\n`;
  return rawRequest(jira.address, bytes, { timeoutMs: 2000, ...options });
}

describe('helpers that break the protocol', () => {
  it.each(['reset-before-headers', 'close-before-headers', 'garbage'])('%s gives no answer', async (name) => {
    const answer = await helper(name, { untilClosed: true });
    expect([answer.status, answer.closed]).toEqual([0, true]);
  });

  it.each(['reset-mid-body', 'reset-mid-chunk', 'close-mid-body'])(
    '%s ends before its framing says so',
    async (name) => {
      const answer = await helper(name, { untilClosed: true });
      expect([answer.status, answer.complete, answer.closed]).toEqual([200, false, true]);
    },
  );

  it('surplus sends a second answer that nobody asked for', async () => {
    const answer = await helper('surplus', { expectResponses: 2 });
    expect(answer.responses.map((each) => each.body.toString())).toEqual(['ok', 'evil']);
  });

  it('unsolicited-101, two-lengths and length-and-chunked are on the wire as promised', async () => {
    expect((await helper('unsolicited-101')).status).toBe(101);
    expect((await helper('two-lengths')).header('content-length')).toEqual(['2', '5']);
    const both = await helper('length-and-chunked');
    expect([both.header('content-length'), both.body.toString()]).toEqual([['2'], 'ok']);
  });

  it('hang never answers', async () => {
    const answer = await helper('hang', { timeoutMs: 100 });
    expect([answer.status, answer.closed]).toEqual([0, false]);
  });

  it('hop-by-hop sends fields that a proxy must remove', async () => {
    const answer = await helper('hop-by-hop');
    expect([answer.header('x-secret'), answer.header('connection')]).toEqual([['1'], ['close, X-Secret']]);
  });
});

describe('helpers that answer', () => {
  it('echo tells what arrived', async () => {
    const answer = await helper('echo?a=1', {}, 'X-Twice: 1\r\nX-Twice: 2\r\n');
    const told = JSON.parse(answer.body.toString()) as Record<string, unknown>;
    expect(told).toMatchObject({ method: 'GET', target: '/rest/standin/1.0/echo?a=1', user: null });
    expect(jira.last().header('x-twice')).toEqual(['1', '2']);
  });

  it('stream sends its pieces one by one', async () => {
    const answer = await helper('stream?count=3&pauseMs=1');
    expect([answer.body.toString(), answer.complete]).toEqual(['piece 0\npiece 1\npiece 2\n', true]);
  });

  it.each(['', '&chunked=true'])('download gives the bytes whose hash is known%s', async (how) => {
    const answer = await fetch(`${jira.url}/rest/standin/1.0/download?bytes=300001${how}`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(bytes.length).toBe(300_001);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(downloadSha256(300_001));
  });

  it('trailers, 304 and 204 are complete without a wrong body', async () => {
    expect((await helper('trailers')).trailers).toEqual([['X-Checksum', 'abc123']]);
    expect((await helper('not-modified')).status).toBe(304);
    expect((await helper('no-content')).body.length).toBe(0);
  });

  it('rate-limited shows the native fields', async () => {
    const answer = await helper('rate-limited?blocked=true', {}, 'Accept: application/json\r\n');
    expect([answer.status, answer.header('retry-after'), answer.header('x-ratelimit-limit')]).toEqual([
      429,
      ['9223372036854775807'],
      ['0'],
    ]);
  });

  it('upload-progress answers while the body still comes', async () => {
    const connection = await RawConnection.open(jira.address);
    connection.write(
      'PUT /rest/standin/1.0/upload-progress HTTP/1.1\r\nHost: j\r\nContent-Length: 10\r\n\r\nhello',
    );
    for (let round = 0; round < 100 && !connection.raw.includes('5\n'); round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(connection.raw.toString()).toContain('5\n');
    expect(connection.raw.toString()).not.toContain('done');
    connection.write('world');
    expect((await connection.read()).body.toString()).toContain('done');
    connection.destroy();
    expect(jira.last()).toMatchObject({ bodyLength: 10, complete: true });
  });

  it('hashes a body that is too large to keep', async () => {
    const body = Buffer.alloc(3 * 1024 * 1024, 7);
    await fetch(`${jira.url}/rest/standin/1.0/echo`, { method: 'PUT', body });
    const record = jira.last();
    expect([record.bodyLength, record.body.length]).toEqual([body.length, 1024 * 1024]);
    expect(record.bodySha256).toBe(createHash('sha256').update(body).digest('hex'));
  });
});

describe('what the stand-in remembers', () => {
  it('counts connections and byte streams that are not HTTP', async () => {
    await rawRequest(jira.address, 'GET / HTTP/1.1\r\nHost: j\r\nBad Field\r\n\r\n', { untilClosed: true });
    expect([jira.connections, jira.malformed, jira.requests]).toEqual([1, 1, []]);
  });

  it('keeps only as many requests as it was told', async () => {
    const forgetful = await startAtlassian({ product: 'jira', keepRequests: 2 });
    try {
      for (const path of ['/status?1', '/status?2', '/status?3']) await fetch(forgetful.url + path);
      expect(forgetful.requests.map((each) => each.target)).toEqual(['/status?2', '/status?3']);
    } finally {
      await forgetful.close();
    }
  });
});

describe('switches', () => {
  it('fail chosen paths a number of times', async () => {
    jira.fail({
      pathPrefix: '/rest/api/2/serverInfo',
      times: 1,
      status: 503,
      headers: { 'Retry-After': '3600' },
    });
    const ask = () => fetch(`${jira.url}/rest/api/2/serverInfo`);
    const first = await ask();
    expect([first.status, first.headers.get('retry-after'), (await ask()).status]).toEqual([
      503,
      '3600',
      200,
    ]);
    jira.fail({ pathPrefix: '/', action: 'reset' });
    await expect(ask()).rejects.toThrow();
    jira.clear();
    expect((await ask()).status).toBe(200);
  });

  it('pause refuses connections, start takes the same port again', async () => {
    const { url } = jira;
    await jira.pause();
    await expect(fetch(`${url}/status`)).rejects.toThrow();
    await jira.start();
    expect([jira.url, (await fetch(`${url}/status`)).status]).toEqual([url, 200]);
  });
});

describe('the WebSocket echo', () => {
  const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
  const handshake = (extra = '') =>
    `GET /synchrony/ws HTTP/1.1\r\nHost: j\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n${extra}\r\n`;

  it('greets with the user and sends frames back', async () => {
    const connection = await RawConnection.open(jira.address);
    connection.write(handshake(`Authorization: Bearer ${jira.issuePat('alice').token}\r\n`));
    const answer = await connection.read();
    expect([answer.status, answer.header('sec-websocket-accept')]).toEqual([101, [acceptKey(KEY)]]);
    connection.write(writeFrame(1, Buffer.from('ping pong'), true));
    const frames = () => connection.raw.subarray(connection.raw.indexOf('\r\n\r\n') + 4);
    for (let round = 0; round < 100 && !frames().includes('ping pong'); round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const greeting = readFrame(frames());
    expect(greeting?.payload.toString()).toBe('hello alice');
    expect(readFrame(frames().subarray(greeting?.size))?.payload.toString()).toBe('ping pong');
    connection.destroy();
  });

  it('refuses a handshake with a wrong password', async () => {
    const wrong = Buffer.from('alice:wrong').toString('base64');
    expect((await rawRequest(jira.address, handshake(`Authorization: Basic ${wrong}\r\n`))).status).toBe(401);
  });
});
