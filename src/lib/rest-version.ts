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
 * A pattern of a list that forbids something, for whatever REST version: what is forbidden as `/rest/api/2/x`
 * must not be open as `/rest/api/latest/x`.
 */
export function forAnyVersion(pattern: string): string {
  return pattern.replace(VERSIONED, '$1*');
}

/** Endings that the applications cut off REST paths and read as the wanted media type. */
const MEDIA_ENDING = /\.(?:json|xml|txt|html?|atom)$/;
const NONE: readonly string[] = [];

/**
 * The other paths under which an application serves the same resource: without a trailing slash and without a
 * media ending. Lists that forbid look at these as well. Empty for nearly every path.
 */
export function otherSpellings(path: string): readonly string[] {
  const trimmed = withoutEndSlash(path);
  const bare = trimmed.startsWith('/rest/') ? withoutEndSlash(trimmed.replace(MEDIA_ENDING, '')) : trimmed;
  if (bare === path) return NONE;
  return bare === trimmed || trimmed === path ? [bare] : [trimmed, bare];
}

function withoutEndSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}
