const OWNER = 'owner:';
const SEPARATOR = ',';

/** The change-log key of changed or deleted tokens. */
export function keyOfTokens(ids: readonly string[]): string {
  return ids.join(SEPARATOR);
}

/** The change-log key when all tokens of a user changed (none of them deleted). */
export function keyOfOwner(usernameKey: string): string {
  return OWNER + usernameKey;
}

/** Which tokens the keys of change-log entries speak of. */
export function changedTokens(keys: readonly string[]): { ids: string[]; ownerKeys: string[] } {
  const ids = new Set<string>();
  const ownerKeys = new Set<string>();
  for (const key of keys) {
    if (key.startsWith(OWNER)) ownerKeys.add(key.slice(OWNER.length));
    else for (const id of key.split(SEPARATOR)) ids.add(id);
  }
  return { ids: [...ids], ownerKeys: [...ownerKeys] };
}
