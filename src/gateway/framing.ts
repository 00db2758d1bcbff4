import type { RequestHead } from '../modules/decisions/exchange.port.js';
import type { ReasonCode } from '../lib/reasons.js';
import { canonicalPath, isPathFault } from './canonical-path.js';
import type { HeaderRules } from './header-rules.js';

/** Atlassian's connectors refuse request lines and headers above 8 KiB; so long a target helps nobody. */
const LONGEST_TARGET = 8000;
const MOST_FIELDS = 100;
/** RFC 9110 and RFC 5789, and RFC 4918 for Confluence's WebDAV. Others would find no route: they are refused here. */
const METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'PROPFIND',
  'PROPPATCH',
  'MKCOL',
  'COPY',
  'MOVE',
  'LOCK',
  'UNLOCK',
]);

/** Two ids are as good as none. */
const NO_SANE_ID = '';

/** A request that is refused before it has an exchange. */
export interface FramingRefusal {
  readonly refused: Extract<ReasonCode, 'malformed_request' | 'malformed_path'>;
  readonly status: number;
  readonly detail: string;
}

/** What Node's parser gives of a request. */
export interface RawRequest {
  readonly method: string;
  readonly url: string;
  readonly httpVersionMajor: number;
  readonly httpVersionMinor: number;
  readonly rawHeaders: readonly string[];
}

interface Fields {
  host: string | undefined;
  authorization: string | undefined;
  apiToken: string | undefined;
  cookie: string | undefined;
  contentType: string | undefined;
  userAgent: string | undefined;
  contentLength: string | undefined;
  transferEncoding: string | undefined;
  connection: string | undefined;
  upgrade: string | undefined;
  expect: string | undefined;
  requestId: string | undefined;
  traceparent: string | undefined;
  tracestate: string | undefined;
}

function refuse(detail: string, status = 400): FramingRefusal {
  return { refused: 'malformed_request', status, detail };
}

/**
 * Checks the framing of a request (RFC 9112 sections 3, 5, 6) and its path, before routing and on what came
 * over the wire. Answers the head that every later step reads, or the refusal. Never throws.
 */
export function readHead(raw: RawRequest, rules: HeaderRules): RequestHead | FramingRefusal {
  if (raw.httpVersionMajor !== 1) return refuse('HTTP version is not 1.0 or 1.1');
  if (!METHODS.has(raw.method)) return refuse(`the method ${raw.method.slice(0, 20)} is not served`, 405);
  if (raw.rawHeaders.length > 2 * MOST_FIELDS) return refuse(`more than ${MOST_FIELDS} header fields`);
  const fields = readFields(raw.rawHeaders, rules);
  if (typeof fields === 'string') return refuse(fields);
  if (fields.host === undefined || !isHost(fields.host))
    return refuse('the Host field is missing or not a host');
  const bodyFault = checkBody(raw, fields);
  if (bodyFault) return bodyFault;
  const target = originForm(raw.url, fields.host);
  if (target === undefined) return refuse('the authority of the request target is not the Host');
  return headOf(raw, fields, fields.host, target);
}

function headOf(raw: RawRequest, fields: Fields, host: string, target: string): RequestHead | FramingRefusal {
  if (target.length > LONGEST_TARGET) return refuse('the request target is too long', 414);
  const mark = target.indexOf('?');
  const rawPath = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? '' : target.slice(mark);
  if (!isQuery(query))
    return {
      refused: 'malformed_path',
      status: 400,
      detail: 'query with # or a raw control or non-ASCII byte',
    };
  const canonical = canonicalPath(rawPath);
  if (isPathFault(canonical)) return { refused: 'malformed_path', status: 400, detail: canonical };
  return {
    method: raw.method,
    httpVersion: raw.httpVersionMinor === 1 ? '1.1' : '1.0',
    rawPath,
    path: canonical.path,
    query,
    exactPath: canonical.exact,
    rawHeaders: raw.rawHeaders,
    host,
    authorization: fields.authorization,
    apiToken: fields.apiToken,
    cookie: fields.cookie,
    contentType: fields.contentType,
    userAgent: fields.userAgent,
    requestId: fields.requestId,
    traceparent: fields.traceparent,
    tracestate: fields.tracestate,
    connection: fields.connection,
    hasBody:
      fields.transferEncoding !== undefined ||
      (fields.contentLength !== undefined && fields.contentLength !== '0'),
    upgrade: fields.upgrade !== undefined,
  };
}

/** The fields that decide something, each at most once; or what is wrong. */
function readFields(rawHeaders: readonly string[], rules: HeaderRules): Fields | string {
  const fields: Fields = {
    host: undefined,
    authorization: undefined,
    apiToken: undefined,
    cookie: undefined,
    contentType: undefined,
    userAgent: undefined,
    contentLength: undefined,
    transferEncoding: undefined,
    connection: undefined,
    upgrade: undefined,
    expect: undefined,
    requestId: undefined,
    traceparent: undefined,
    tracestate: undefined,
  };
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const rule = rules.of(rawHeaders[i] as string);
    if (rule.disguised) return `the field ${rule.name} imitates one that Restgate sets`;
    const known = rule.field as keyof Fields | undefined;
    if (known === undefined) continue;
    const value = rawHeaders[i + 1] as string;
    if (fields[known] === undefined) fields[known] = value;
    else if (known === 'cookie') fields.cookie = `${fields.cookie}; ${value}`;
    else if (known === 'connection') fields.connection = `${fields.connection},${value}`;
    else if (known === 'requestId') fields.requestId = NO_SANE_ID;
    else if (known === 'tracestate') fields.tracestate = `${fields.tracestate},${value}`;
    // Two are none: a trace is no reason to refuse a request.
    else if (known === 'traceparent') fields.traceparent = '';
    else if (known !== 'userAgent' && known !== 'upgrade') return `more than one ${rule.name} field`;
  }
  return fields;
}

function checkBody(raw: RawRequest, fields: Fields): FramingRefusal | undefined {
  const { contentLength, transferEncoding } = fields;
  if (transferEncoding !== undefined) {
    if (contentLength !== undefined) return refuse('Content-Length beside Transfer-Encoding');
    if (raw.httpVersionMinor !== 1) return refuse('Transfer-Encoding in HTTP/1.0');
    if (transferEncoding.trim().toLowerCase() !== 'chunked')
      return refuse('a transfer coding other than chunked', 501);
  }
  if (contentLength !== undefined && !/^\d{1,15}$/.test(contentLength))
    return refuse('Content-Length is not a number');
  const announced = transferEncoding !== undefined || (contentLength !== undefined && contentLength !== '0');
  if (announced && (raw.method === 'GET' || raw.method === 'HEAD'))
    return refuse(`${raw.method} with a body`);
  if (fields.expect !== undefined && fields.expect.toLowerCase() !== '100-continue') {
    return refuse('an expectation other than 100-continue', 417);
  }
  return undefined;
}

/** The origin-form of a request target; undefined for an absolute-form of another authority and for anything else. */
function originForm(url: string, host: string): string | undefined {
  if (url.charCodeAt(0) === 0x2f) return url;
  const match = /^https?:\/\/([^/?#]*)(.*)$/is.exec(url);
  if (!match || (match[1] as string).toLowerCase() !== host.toLowerCase()) return undefined;
  const rest = match[2] as string;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function isHost(host: string): boolean {
  return host.length <= 255 && /^(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.test(host);
}

function isQuery(query: string): boolean {
  for (let i = 0; i < query.length; i++) {
    const code = query.charCodeAt(i);
    if (code === 0x23 || code < 0x21 || code > 0x7e) return false;
  }
  return true;
}

/** True for what `readHead` answers when it refuses. */
export function isRefused(result: RequestHead | FramingRefusal): result is FramingRefusal {
  return 'refused' in result;
}
