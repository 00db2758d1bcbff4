/** `/rest/{module}/{version}/...`, where the version is a number or `latest`. */
const VERSIONED = /^(\/rest\/[^/*?]+\/)(latest|\d+(?:\.[\dA-Za-z]+)*)(?=\/|$)/;

/** Spellings under which an application serves the same resource. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  '2': ['2', 'latest', '2.0.alpha1'],
  '1.0': ['1.0', 'latest'],
  '1': ['1', 'latest'],
};

/**
 * A pattern of a list that lets something through, under every spelling of its REST version that is known to
 * serve the same resource. A pattern without such a version is answered alone.
 */
export function withVersionAliases(pattern: string): readonly string[] {
  const match = VERSIONED.exec(pattern);
  const aliases = match && ALIASES[match[2] as string];
  if (!aliases) return [pattern];
  const rest = pattern.slice(match[0].length);
  return aliases.map((version) => `${match[1]}${version}${rest}`);
}

/**
 * A pattern of a list that forbids something, for whatever REST version and spelling of its delimiters: what is
 * forbidden as `/rest/api/2/x` must not be open as `/rest/api/latest/x`, nor `/x/@me` as `/x/%40me`.
 */
export function forbiddingPattern(pattern: string): string {
  // An escaped star is any one character: as a plain star it would be a wildcard for many.
  return withPlainDelimiters(pattern.replaceAll('%2A', '?')).replace(VERSIONED, '$1*');
}

/** Escapes of characters that stand in a path plainly as well, and mean the same there (RFC 3986 section 3.3). */
const ESCAPED_DELIMITER = /%(?:2[14]|2[6-9A-C]|3[AD]|40)/g;
/** What some connectors take unescaped, although it should not be. */
const UNESCAPED = /["<>[\]^`{|}]/g;
/** Endings that the applications cut off REST paths and read as the wanted media type. */
const MEDIA_ENDING = /\.(?:json|xml|txt|html?|atom)$/;
const NONE: readonly string[] = [];

/**
 * The other paths under which an application serves the same resource: with its delimiters unescaped, without a
 * trailing slash and without a media ending. Lists that forbid look at these as well. Empty for nearly every path.
 */
export function otherSpellings(path: string): readonly string[] {
  const readable = withPlainDelimiters(path).replace(UNESCAPED, escaped);
  const trimmed = withoutEndSlash(readable);
  const bare = trimmed.startsWith('/rest/') ? withoutEndSlash(trimmed.replace(MEDIA_ENDING, '')) : trimmed;
  if (bare === path) return NONE;
  return [...new Set([readable, trimmed, bare])].filter((spelling) => spelling !== path);
}

function withPlainDelimiters(text: string): string {
  return text.includes('%') ? text.replace(ESCAPED_DELIMITER, decodeURIComponent) : text;
}

function escaped(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
}

function withoutEndSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
