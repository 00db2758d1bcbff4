import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { json, noContent, send, text } from './answers.js';
import { sendDownload } from './download.js';
import type { Exchange } from './types.js';

type Fault = (exchange: Exchange) => boolean | Promise<boolean>;

export const HELPERS = '/rest/standin/1.0/';
/** Helpers that answer while the body is still coming, or without reading it. */
const EARLY = new Set(['upload-progress', 'early-answer', 'reset-before-headers', 'hang']);

export function answersBeforeBody(path: string): boolean {
  return path.startsWith(HELPERS) && EARLY.has(path.slice(HELPERS.length));
}

function raw(exchange: Exchange, bytes: string, then: 'end' | 'keep' | 'reset'): true {
  const { socket } = exchange.request;
  socket.write(Buffer.from(bytes, 'latin1'), () => {
    if (then === 'end') socket.end();
    if (then === 'reset') socket.resetAndDestroy();
  });
  return true;
}

function echo(exchange: Exchange): true {
  const { record } = exchange;
  return json(exchange, 200, {
    method: record.method,
    effectiveMethod: record.effectiveMethod,
    target: record.target,
    path: record.path,
    rawHeaders: record.rawHeaders,
    parameters: [...exchange.parameters],
    bodySha256: record.bodySha256,
    bodyLength: record.bodyLength,
    body: record.body.toString('utf8').slice(0, 4096),
    user: record.user,
    authenticatedBy: record.authenticatedBy,
  });
}

async function pieces(exchange: Exchange, type: string, make: (index: number) => string): Promise<true> {
  const count = Number(exchange.parameters.get('count') ?? '5');
  const pause = Number(exchange.parameters.get('pauseMs') ?? '20');
  exchange.response.writeHead(200, { 'Content-Type': type });
  for (let index = 0; index < count && !exchange.response.destroyed; index += 1) {
    exchange.response.write(make(index));
    await sleep(pause);
  }
  exchange.response.end();
  return true;
}

/** One line per received piece of the body, sent at once: shows that an upload is streamed. */
async function uploadProgress(exchange: Exchange): Promise<true> {
  exchange.response.writeHead(200, { 'Content-Type': 'text/plain' });
  exchange.response.flushHeaders();
  if (exchange.record.bodyLength > 0) exchange.response.write(`${exchange.record.bodyLength}\n`);
  exchange.request.on('data', (chunk: Buffer) => exchange.response.write(`${chunk.length}\n`));
  await new Promise((resolve) => exchange.request.on('end', resolve).on('close', resolve));
  exchange.response.end('done\n');
  return true;
}

const streams: Record<string, Fault> = {
  stream: (exchange) => pieces(exchange, 'text/plain', (index) => `piece ${index}\n`),
  events: (exchange) =>
    pieces(exchange, 'text/event-stream', (index) => `id: ${index}\ndata: event ${index}\n\n`),
  download: sendDownload,
  'upload-progress': uploadProgress,
  'slow-headers': async (exchange) => {
    await sleep(Number(exchange.parameters.get('delayMs') ?? '200'));
    return text(exchange, 200, 'late');
  },
  hang: () => true,
  gzip: (exchange) => {
    exchange.response.setHeader('Content-Encoding', 'gzip');
    return send(exchange, 200, 'text/plain', gzipSync(`zipped for ${exchange.user?.name ?? 'nobody'}`));
  },
  trailers: (exchange) => {
    exchange.response.writeHead(200, { 'Content-Type': 'text/plain', Trailer: 'X-Checksum' });
    exchange.response.write('with trailers');
    exchange.response.addTrailers({ 'X-Checksum': 'abc123' });
    exchange.response.end();
    return true;
  },
};

const EVIL =
  'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\nX-AUSERNAME: admin\r\n\r\nevil';

const broken: Record<string, Fault> = {
  'reset-before-headers': (exchange) => {
    exchange.request.socket.resetAndDestroy();
    return true;
  },
  'close-before-headers': (exchange) => {
    exchange.request.socket.destroy();
    return true;
  },
  'reset-mid-body': (exchange) =>
    raw(exchange, `${head(exchange)}Content-Length: 1000\r\n\r\nhalf of it`, 'reset'),
  'reset-mid-chunk': (exchange) =>
    raw(exchange, `${head(exchange)}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`, 'reset'),
  'close-mid-body': (exchange) =>
    raw(exchange, `${head(exchange)}Content-Length: 1000\r\n\r\nhalf of it`, 'end'),
  garbage: (exchange) => raw(exchange, '\x00\x01\x02 this is not HTTP\r\n\r\n', 'end'),
  surplus: (exchange) => raw(exchange, `${head(exchange)}Content-Length: 2\r\n\r\nok${EVIL}`, 'keep'),
  'unsolicited-101': (exchange) =>
    raw(
      exchange,
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello',
      'keep',
    ),
  'two-lengths': (exchange) =>
    raw(exchange, `${head(exchange)}Content-Length: 2\r\nContent-Length: 5\r\n\r\nokevil`, 'keep'),
  'length-and-chunked': (exchange) =>
    raw(
      exchange,
      `${head(exchange)}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
      'keep',
    ),
  'huge-header': (exchange) => raw(exchange, `${head(exchange)}X-Big: ${'a'.repeat(300_000)}\r\n\r\n`, 'end'),
  'hop-by-hop': (exchange) => {
    const user = exchange.user === null ? '' : `X-AUSERNAME: ${encodeURIComponent(exchange.user.name)}\r\n`;
    const fields =
      'Connection: close, X-Secret\r\nX-Secret: 1\r\nKeep-Alive: timeout=99\r\nProxy-Authenticate: Basic\r\n';
    return raw(exchange, `HTTP/1.1 200 OK\r\n${user}${fields}Content-Length: 2\r\n\r\nok`, 'end');
  },
  'wrong-user': (exchange) => {
    exchange.response.setHeader('X-AUSERNAME', exchange.parameters.get('as') ?? 'anonymous');
    return text(exchange, 200, 'answer that belongs to somebody else');
  },
  'early-answer': (exchange) => {
    exchange.response.setHeader('Connection', 'close');
    return text(exchange, 413, 'too large');
  },
};

function head(exchange: Exchange): string {
  const name = encodeURIComponent(exchange.user?.name ?? 'anonymous');
  return `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-AUSERNAME: ${name}\r\n`;
}

const answers: Record<string, Fault> = {
  echo,
  'not-modified': (exchange) => {
    exchange.response.writeHead(304, { ETag: '"1"' }).end();
    return true;
  },
  'no-content': noContent,
  status: (exchange) => {
    const code = Number(exchange.parameters.get('code') ?? '500');
    const after = exchange.parameters.get('retryAfter');
    if (after !== null) exchange.response.setHeader('Retry-After', after);
    return text(exchange, code, `status ${code}`);
  },
  json: (exchange) => send(exchange, 200, 'application/json', '{"id":12345678901234567890,"a":1,"a":2}'),
  'rate-limited': (exchange) => {
    const blocked = exchange.parameters.get('blocked') === 'true';
    const fields = { Limit: blocked ? '0' : '50', Remaining: '0', FillRate: '10', 'Interval-Seconds': '60' };
    for (const [name, value] of Object.entries(fields))
      exchange.response.setHeader(`X-RateLimit-${name}`, value);
    exchange.response.setHeader('Retry-After', blocked ? '9223372036854775807' : '6');
    const wantsJson = (exchange.record.header('accept')[0] ?? '').includes('application/json');
    if (wantsJson) return json(exchange, 429, { message: 'Rate limit exceeded.' });
    return send(exchange, 429, 'text/html', '<html><body>Rate limit exceeded.</body></html>');
  },
  'redirect-absolute': (exchange) => location(exchange, `${exchange.baseUrl}/rest/api/2/serverInfo?x=1`),
  'redirect-relative': (exchange) => location(exchange, `${exchange.contextPath}/rest/api/2/serverInfo`),
  'redirect-elsewhere': (exchange) => location(exchange, 'https://elsewhere.example/there'),
  created: (exchange) => {
    exchange.response.setHeader('Location', `${exchange.baseUrl}/rest/api/2/issue/X-1`);
    exchange.response.setHeader('Content-Location', `${exchange.baseUrl}/rest/api/2/issue/X-1`);
    return json(exchange, 201, { key: 'X-1' });
  },
  cookies: (exchange) => {
    exchange.response.setHeader('Set-Cookie', ['a=1; Path=/', 'JSESSIONID=FROM-HELPER; Path=/', 'b=2']);
    return text(exchange, 200, 'cookies');
  },
};

function location(exchange: Exchange, to: string): true {
  exchange.response.writeHead(302, { Location: to, 'Content-Length': '0' }).end();
  return true;
}

const all: Record<string, Fault> = { ...streams, ...broken, ...answers };

/** Helper resources for tests below `/rest/standin/1.0/`; every method reaches them. */
export async function answerHelper(exchange: Exchange): Promise<boolean> {
  if (!exchange.path.startsWith(HELPERS)) return false;
  const name = exchange.path.slice(HELPERS.length).split('/')[0] ?? '';
  const fault = Object.hasOwn(all, name) ? all[name] : undefined;
  return fault === undefined ? false : fault(exchange);
}
