import { connect, type Socket } from 'node:net';

export interface RawResponse {
  httpVersion: string;
  status: number;
  statusText: string;
  /** Name and value pairs exactly as received, in order, repeats kept. */
  headers: [string, string][];
  /** All values of one field, any case. */
  header: (name: string) => string[];
  body: Buffer;
  trailers: [string, string][];
  /** False when the connection ended before the framing said so. */
  complete: boolean;
}

export interface RawResult extends RawResponse {
  /** Every response that came on this connection, 1xx ones excluded. */
  responses: RawResponse[];
  /** 1xx answers that came before the final ones. */
  informational: RawResponse[];
  /** All received bytes. */
  raw: Buffer;
  /** True when the peer closed or reset the connection, false when we gave up waiting. */
  closed: boolean;
  reset: boolean;
}

export interface RawTarget {
  host?: string;
  port: number;
  /** Another loopback address to come from, so that a server can tell connections apart. */
  localAddress?: string;
}

export interface RawOptions {
  /** How long to wait for more bytes when the connection stays open. */
  timeoutMs?: number;
  /** Answers to wait for; then the connection is closed by us. Default 1. */
  expectResponses?: number;
  /** Methods of the requests, so that answers to HEAD are known to have no body. */
  methods?: string[];
  /** Wait for the peer's close instead of stopping after the expected answers. */
  untilClosed?: boolean;
  /** Half-close after the bytes were sent. */
  endAfterSend?: boolean;
}

interface Cursor {
  data: Buffer;
  at: number;
}

function parseFields(lines: string[]): [string, string][] {
  return lines.map((line) => {
    const colon = line.indexOf(':');
    return colon === -1 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
}

function valuesOf(fields: [string, string][], name: string): string[] {
  return fields.filter(([field]) => field.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
}

function readLine(cursor: Cursor): string | null {
  const end = cursor.data.indexOf('\r\n', cursor.at);
  if (end === -1) return null;
  const line = cursor.data.toString('latin1', cursor.at, end);
  cursor.at = end + 2;
  return line;
}

interface Body {
  body: Buffer;
  trailers: [string, string][];
  complete: boolean;
}

function readTrailers(cursor: Cursor): [string, string][] | null {
  const lines: string[] = [];
  for (let line = readLine(cursor); line !== null; line = readLine(cursor)) {
    if (line === '') return parseFields(lines);
    lines.push(line);
  }
  return null;
}

function readChunked(cursor: Cursor): Body {
  const parts: Buffer[] = [];
  for (let line = readLine(cursor); line !== null; line = readLine(cursor)) {
    const size = Number.parseInt(line, 16);
    if (!Number.isFinite(size)) break;
    if (size === 0) {
      const trailers = readTrailers(cursor);
      return { body: Buffer.concat(parts), trailers: trailers ?? [], complete: trailers !== null };
    }
    const end = cursor.at + size;
    parts.push(cursor.data.subarray(cursor.at, Math.min(end, cursor.data.length)));
    if (cursor.data.length < end + 2) break;
    cursor.at = end + 2;
  }
  cursor.at = cursor.data.length;
  return { body: Buffer.concat(parts), trailers: [], complete: false };
}

function readBody(cursor: Cursor, headers: [string, string][], bodiless: boolean, closed: boolean): Body {
  if (bodiless) return { body: Buffer.alloc(0), trailers: [], complete: true };
  if (valuesOf(headers, 'transfer-encoding').some((value) => /chunked/i.test(value)))
    return readChunked(cursor);
  const length = valuesOf(headers, 'content-length')[0];
  const end = length === undefined ? cursor.data.length : cursor.at + Number(length);
  const body = cursor.data.subarray(cursor.at, Math.min(end, cursor.data.length));
  cursor.at = Math.min(end, cursor.data.length);
  return { body, trailers: [], complete: length === undefined ? closed : cursor.data.length >= end };
}

function parseOne(cursor: Cursor, method: string, closed: boolean): RawResponse | null {
  const headEnd = cursor.data.indexOf('\r\n\r\n', cursor.at);
  if (headEnd === -1) return null;
  const lines = cursor.data.toString('latin1', cursor.at, headEnd).split('\r\n');
  const start = /^HTTP\/(\d\.\d) (\d{3})(?: (.*))?$/.exec(lines[0] ?? '');
  if (!start) return null;
  cursor.at = headEnd + 4;
  const headers = parseFields(lines.slice(1));
  const status = Number(start[2]);
  const bodiless = method === 'HEAD' || status < 200 || status === 204 || status === 304;
  const rest = readBody(cursor, headers, bodiless, closed);
  return {
    httpVersion: start[1] ?? '',
    status,
    statusText: start[3] ?? '',
    headers,
    header: (name) => valuesOf(headers, name),
    ...rest,
  };
}

/** Parses by hand whatever came back; `responses` is empty when it was not HTTP. */
export function parseResponses(
  raw: Buffer,
  methods: string[] = [],
  closed = true,
): { responses: RawResponse[]; informational: RawResponse[]; rest: Buffer } {
  const cursor: Cursor = { data: raw, at: 0 };
  const responses: RawResponse[] = [];
  const informational: RawResponse[] = [];
  for (;;) {
    const one = parseOne(cursor, methods[responses.length] ?? methods.at(-1) ?? 'GET', closed);
    if (one === null) break;
    const interim = one.status < 200 && one.status !== 101;
    (interim ? informational : responses).push(one);
    if (!one.complete || one.status === 101) break;
  }
  return { responses, informational, rest: raw.subarray(cursor.at) };
}

const NOTHING: RawResponse = {
  httpVersion: '',
  status: 0,
  statusText: '',
  headers: [],
  header: () => [],
  body: Buffer.alloc(0),
  trailers: [],
  complete: false,
};

/** A raw connection on which a test writes bytes and reads whatever comes. */
export class RawConnection {
  private received: Buffer[] = [];
  private closed = false;
  private reset = false;
  private wake: (() => void)[] = [];

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.received.push(chunk);
      this.notify();
    });
    socket.on('error', () => {
      this.reset = true;
      this.closed = true;
      this.notify();
    });
    for (const event of ['end', 'close'] as const) {
      socket.on(event, () => {
        this.closed = true;
        this.notify();
      });
    }
  }

  static open(target: RawTarget): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const { host = '127.0.0.1', port, localAddress } = target;
      const socket = connect({ host, port, localAddress, allowHalfOpen: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        socket.setNoDelay(true);
        resolve(new RawConnection(socket));
      });
    });
  }

  write(bytes: string | Buffer): void {
    if (!this.socket.destroyed)
      this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  get raw(): Buffer {
    return Buffer.concat(this.received);
  }

  /** Waits for the expected answers, the peer's close, or the time-out, whatever is first. */
  async read(options: RawOptions = {}): Promise<RawResult> {
    const deadline = Date.now() + (options.timeoutMs ?? 5000);
    const wanted = options.untilClosed ? Number.POSITIVE_INFINITY : (options.expectResponses ?? 1);
    for (;;) {
      const parsed = parseResponses(this.raw, options.methods, this.closed);
      const done = parsed.responses.filter((each) => each.complete).length >= wanted;
      const left = deadline - Date.now();
      if (done || this.closed || left <= 0) return this.result(parsed);
      await this.change(left);
    }
  }

  destroy(): void {
    this.socket.destroy();
  }

  private result(parsed: { responses: RawResponse[]; informational: RawResponse[] }): RawResult {
    const first = parsed.responses[0] ?? NOTHING;
    return { ...first, ...parsed, raw: this.raw, closed: this.closed, reset: this.reset };
  }

  private change(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.wake.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  private notify(): void {
    const waiting = this.wake;
    this.wake = [];
    for (const each of waiting) each();
  }
}

/** Sends bytes exactly as given (strings as latin1) and reads the answer; status 0 means that none came. */
export async function rawRequest(
  target: RawTarget,
  bytes: string | Buffer,
  options: RawOptions = {},
): Promise<RawResult> {
  const connection = await RawConnection.open(target);
  try {
    connection.write(bytes);
    if (options.endAfterSend) connection.socket.end();
    const text = typeof bytes === 'string' ? bytes : bytes.toString('latin1');
    const method = /^([A-Z]+) /.exec(text)?.[1] ?? 'GET';
    return await connection.read({ ...options, methods: options.methods ?? [method] });
  } finally {
    connection.destroy();
  }
}

/** Like `rawRequest`, but the bytes go out in pieces with a pause between them. */
export async function sendSlowly(
  target: RawTarget,
  bytes: string | Buffer,
  options: RawOptions & { pieceBytes?: number; pauseMs?: number } = {},
): Promise<RawResult> {
  const connection = await RawConnection.open(target);
  const all = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
  const size = options.pieceBytes ?? 1;
  try {
    for (let at = 0; at < all.length && !connection.socket.destroyed; at += size) {
      connection.write(all.subarray(at, at + size));
      await new Promise((resolve) => setTimeout(resolve, options.pauseMs ?? 10));
    }
    return await connection.read(options);
  } finally {
    connection.destroy();
  }
}
