/** A path in the one form that rules match and that goes on the wire. */
export interface CanonicalPath {
  readonly path: string;
  /** The raw path already was canonical and holds no `%25`: only such a path may match a list that lets through. */
  readonly exact: boolean;
}

/** Why a path is refused, for the audit log. */
export type PathFault =
  | 'does not begin with a slash'
  | 'control character'
  | 'non-ASCII byte'
  | 'backslash'
  | 'encoded slash'
  | 'semicolon'
  | 'fragment'
  | 'empty segment'
  | 'dot segment'
  | 'invalid escape'
  | 'invalid UTF-8';

const UNRESERVED = 1;
const PERCENT = 2;
const SLASH = 3;
const BACKSLASH = 4;
const SEMICOLON = 5;
const HASH = 6;
const CONTROL = 7;

/** What each ASCII byte means in a path; 0: taken as it is. Unreserved: RFC 3986 section 2.3. */
const BYTE_CLASS = buildClasses();

function buildClasses(): Uint8Array {
  const classes = new Uint8Array(128);
  for (let byte = 0; byte < 0x21; byte++) classes[byte] = CONTROL;
  classes[0x7f] = CONTROL;
  for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~') {
    classes[char.charCodeAt(0)] = UNRESERVED;
  }
  classes[0x25] = PERCENT;
  classes[0x2f] = SLASH;
  classes[0x5c] = BACKSLASH;
  classes[0x3b] = SEMICOLON;
  classes[0x23] = HASH;
  return classes;
}

const FAULT_OF_CLASS: Readonly<Record<number, PathFault>> = {
  [BACKSLASH]: 'backslash',
  [SEMICOLON]: 'semicolon',
  [HASH]: 'fragment',
  [CONTROL]: 'control character',
};

/**
 * Brings a raw request path (without query) into canonical form, or answers why it is refused: unreserved
 * characters decoded, every other escape kept with upper-case hex (RFC 3986 section 6.2.2). Anything that a
 * servlet container could map elsewhere is refused, never repaired. Idempotent. Never throws.
 */
export function canonicalPath(raw: string): CanonicalPath | PathFault {
  if (raw.charCodeAt(0) !== 0x2f) return 'does not begin with a slash';
  let escapes = false;
  for (let i = 0; i < raw.length; i++) {
    const code = raw.charCodeAt(i);
    if (code > 0x7f) return 'non-ASCII byte';
    const kind = BYTE_CLASS[code] as number;
    if (kind === PERCENT) escapes = true;
    else if (kind > SLASH) return FAULT_OF_CLASS[kind] as PathFault;
  }
  if (!escapes) return segmentFault(raw) ?? { path: raw, exact: true };
  const decoded = decodeUnreserved(raw);
  if (!decoded.startsWith('/')) return decoded as PathFault;
  return segmentFault(decoded) ?? { path: decoded, exact: decoded === raw && !raw.includes('%25') };
}

/** The canonical text, which begins with a slash, or the fault, which does not. */
function decodeUnreserved(raw: string): string {
  let out = '';
  for (let i = 0; i < raw.length; i++) {
    if (raw.charCodeAt(i) !== 0x25) {
      out += raw[i];
      continue;
    }
    const byte = byteAt(raw, i);
    if (byte < 0) return 'invalid escape' satisfies PathFault;
    const length = sequenceLength(raw, i, byte);
    if (length === 0) return 'invalid UTF-8' satisfies PathFault;
    if (length > 1) {
      out += raw.slice(i, i + 3 * length).toUpperCase();
      i += 3 * length - 1;
      continue;
    }
    const fault = escapedFault(byte);
    if (fault) return fault;
    out += BYTE_CLASS[byte] === UNRESERVED ? String.fromCharCode(byte) : raw.slice(i, i + 3).toUpperCase();
    i += 2;
  }
  return out;
}

function escapedFault(byte: number): PathFault | undefined {
  const kind = BYTE_CLASS[byte] as number;
  if (kind === SLASH) return 'encoded slash';
  if (kind === HASH || byte === 0x20) return undefined;
  return FAULT_OF_CLASS[kind];
}

/** The byte of the escape at `i`, or -1. */
function byteAt(raw: string, i: number): number {
  const high = hexValue(raw.charCodeAt(i + 1));
  const low = hexValue(raw.charCodeAt(i + 2));
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  if (code >= 0x41 && code <= 0x46) return code - 0x37;
  if (code >= 0x61 && code <= 0x66) return code - 0x57;
  return -1;
}

/**
 * How many escapes make the UTF-8 sequence that begins with `first` (RFC 3629: no overlong forms, no
 * surrogates, nothing above U+10FFFF, and no C1 control), or 0 when it is not one.
 */
function sequenceLength(raw: string, i: number, first: number): number {
  if (first < 0x80) return 1;
  const length =
    first >= 0xc2 && first <= 0xdf
      ? 2
      : first >= 0xe0 && first <= 0xef
        ? 3
        : first >= 0xf0 && first <= 0xf4
          ? 4
          : 0;
  for (let k = 1; k < length; k++) {
    const at = i + 3 * k;
    const byte = raw.charCodeAt(at) === 0x25 ? byteAt(raw, at) : -1;
    if (byte < 0x80 || byte > 0xbf) return 0;
    if (k === 1 && !secondByteFits(first, byte)) return 0;
  }
  return length;
}

function secondByteFits(first: number, second: number): boolean {
  if (first === 0xc2) return second >= 0xa0;
  if (first === 0xe0) return second >= 0xa0;
  if (first === 0xed) return second <= 0x9f;
  if (first === 0xf0) return second >= 0x90;
  if (first === 0xf4) return second <= 0x8f;
  return true;
}

/** Empty and dot segments of a path that holds no encoded dots or slashes any more. */
function segmentFault(path: string): PathFault | undefined {
  let start = 1;
  for (let i = 1; i <= path.length; i++) {
    if (i < path.length && path.charCodeAt(i) !== 0x2f) continue;
    const length = i - start;
    if (length === 0 && i < path.length) return 'empty segment';
    if (length === 1 && path.charCodeAt(start) === 0x2e) return 'dot segment';
    if (length === 2 && path.charCodeAt(start) === 0x2e && path.charCodeAt(start + 1) === 0x2e)
      return 'dot segment';
    start = i + 1;
  }
  return undefined;
}

/** True for what `canonicalPath` answers when it refuses. */
export function isPathFault(result: CanonicalPath | PathFault): result is PathFault {
  return typeof result === 'string';
}
