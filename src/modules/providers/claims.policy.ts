/** Claims as JSON gave them. Has no prototype: `__proto__` and `constructor` are plain keys or absent. */
export type Claims = Readonly<Record<string, unknown>>;

const LARGEST_NUMBER_OF_ATTRIBUTES = 500;
const DEEPEST_ATTRIBUTE = 6;
const LONGEST_SHOWN_VALUE = 2000;

/** A copy of a JSON object without prototype, on every level that is looked at. Undefined for what is no object. */
export function claimsOf(json: unknown): Claims | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  return bare(json, 0) as Claims;
}

function bare(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST_ATTRIBUTE) return undefined;
  if (Array.isArray(value)) return value.map((item) => bare(item, depth + 1));
  const copy = Object.create(null) as Record<string, unknown>;
  for (const key of Object.keys(value)) {
    if (key === '__proto__') continue;
    copy[key] = bare((value as Record<string, unknown>)[key], depth + 1);
  }
  return copy;
}

/**
 * The value at an attribute path. A literal key wins, because keys with dots, colons and slashes exist
 * (`signInNames.emailAddress`, `cognito:username`); else each dotted part is a key or an array index.
 */
export function valueAt(claims: Claims, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const part of path.split('.')) value = step(value, part);
  return value;
}

function step(value: unknown, part: string): unknown {
  if (Array.isArray(value)) return /^\d{1,4}$/.test(part) ? (value[Number(part)] as unknown) : undefined;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
  return (value as Record<string, unknown>)[part];
}

/** A claim that is text; numbers that are whole become text (numeric ids). Undefined for everything else. */
export function textAt(claims: Claims, path: string): string | undefined {
  const value = valueAt(claims, path);
  if (typeof value === 'string') return value;
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : undefined;
}

/** A claim that is one text or a list of texts (`aud`). Undefined when anything else is in it. */
export function textsAt(claims: Claims, path: string): readonly string[] | undefined {
  const value = valueAt(claims, path);
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value)) return undefined;
  return value.every((item) => typeof item === 'string') ? value : undefined;
}

export interface Attribute {
  readonly path: string;
  readonly value: string;
}

/** Every scalar of an answer with the path that `valueAt` finds it by; at most 500. */
export function flattened(claims: Claims): Attribute[] {
  const found: Attribute[] = [];
  flattenInto(found, claims, '');
  return found;
}

function flattenInto(found: Attribute[], value: unknown, path: string): void {
  if (found.length >= LARGEST_NUMBER_OF_ATTRIBUTES || value === null) return;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    found.push({ path, value: String(value).slice(0, LONGEST_SHOWN_VALUE) });
    return;
  }
  if (typeof value !== 'object') return;
  for (const key of Object.keys(value)) {
    flattenInto(found, (value as Record<string, unknown>)[key], path === '' ? key : `${path}.${key}`);
  }
}

const LIKELY_NAMES = [
  'preferred_username',
  'upn',
  'userPrincipalName',
  'username',
  'login',
  'cognito:username',
  'nickname',
  'unique_name',
  'user_name',
  'email',
  'mail',
  'emails.0',
  'sub',
];

/** The attribute that most likely names the user; undefined when none is known. */
export function suggestedAttribute(attributes: readonly Attribute[]): string | undefined {
  return LIKELY_NAMES.find((name) =>
    attributes.some((attribute) => attribute.path === name && attribute.value !== ''),
  );
}
