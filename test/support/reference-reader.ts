/** One request of a byte stream as RFC 9112 reads it. */
export interface ReferenceRequest {
  readonly method: string;
  readonly target: string;
  readonly body: Buffer;
  /** False when the stream ends, or stops being well-formed, inside the body. */
  readonly complete: boolean;
}

interface Head {
  readonly method: string;
  readonly target: string;
  readonly length: number | 'chunked';
  readonly last: boolean;
  readonly end: number;
}

/** Section 3 lets a recipient take several spaces for one; Node's parser does before the version. */
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([^\s]+) +HTTP\/1\.([01])$/;
const FIELD = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\0\r\n]*?)[ \t]*$/;
const CHUNK_LINE = /^([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n\0]*)?$/;

/**
 * Reads a byte stream strictly by RFC 9112, independently of Node's parser: the requests in it up to the first byte
 * that is not well-formed, or to a request after which the connection ends. Whatever a gateway sends on must be one
 * of them.
 */
export function readByTheBook(bytes: Buffer): ReferenceRequest[] {
  const text = bytes.toString('latin1');
  const requests: ReferenceRequest[] = [];
  let at = 0;
  for (;;) {
    while (text[at] === '\r' || text[at] === '\n') at++;
    const head = readHead(text, at);
    if (!head) return requests;
    const body =
      head.length === 'chunked' ? readChunks(text, head.end) : readLength(text, head.end, head.length);
    requests.push({
      method: head.method,
      target: head.target,
      body: Buffer.from(body.text, 'latin1'),
      complete: body.complete,
    });
    if (!body.complete || head.last) return requests;
    at = body.end;
  }
}

function readHead(text: string, start: number): Head | undefined {
  const end = text.indexOf('\r\n\r\n', start);
  if (end < 0) return undefined;
  const [first = '', ...lines] = text.slice(start, end).split('\r\n');
  const request = REQUEST_LINE.exec(first);
  if (!request) return undefined;
  const fields: [string, string][] = [];
  for (const line of lines) {
    const field = FIELD.exec(line);
    if (!field) return undefined;
    fields.push([(field[1] as string).toLowerCase(), field[2] as string]);
  }
  const length = lengthOf(fields);
  if (length === undefined) return undefined;
  const connection = fields.filter(([name]) => name === 'connection').map(([, value]) => value.toLowerCase());
  const closes = connection.some((value) => value.includes('close'));
  const keeps = connection.some((value) => value.includes('keep-alive'));
  const last = closes || (request[3] === '0' && !keeps);
  return { method: request[1] as string, target: request[2] as string, length, last, end: end + 4 };
}

/** Section 6.3; `undefined` where a recipient must refuse. */
function lengthOf(fields: readonly [string, string][]): number | 'chunked' | undefined {
  const codings = fields.filter(([name]) => name === 'transfer-encoding');
  const lengths = fields.filter(([name]) => name === 'content-length');
  if (codings.length + lengths.length === 0) return 0;
  if (codings.length + lengths.length > 1) return undefined;
  if (codings.length === 1) return codings[0]?.[1].toLowerCase() === 'chunked' ? 'chunked' : undefined;
  const value = lengths[0]?.[1] ?? '';
  return /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

interface Body {
  readonly text: string;
  readonly complete: boolean;
  readonly end: number;
}

function readLength(text: string, start: number, length: number): Body {
  const end = start + length;
  return { text: text.slice(start, end), complete: end <= text.length, end };
}

function readChunks(text: string, start: number): Body {
  let body = '';
  let at = start;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    const line = lineEnd < 0 ? null : CHUNK_LINE.exec(text.slice(at, lineEnd));
    if (!line) return { text: body, complete: false, end: at };
    const size = parseInt(line[1] as string, 16);
    at = lineEnd + 2;
    if (size === 0) return readTrailers(text, at, body);
    body += text.slice(at, at + size);
    at += size;
    if (text.slice(at, at + 2) !== '\r\n') return { text: body, complete: false, end: at };
    at += 2;
  }
}

function readTrailers(text: string, start: number, body: string): Body {
  let at = start;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return { text: body, complete: false, end: at };
    const line = text.slice(at, lineEnd);
    at = lineEnd + 2;
    if (line === '') return { text: body, complete: true, end: at };
    if (!FIELD.test(line)) return { text: body, complete: false, end: at };
  }
}
