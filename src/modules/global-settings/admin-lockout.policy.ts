import type { Actor } from '../access/access.port.js';

type ActingAdmin = Pick<Actor, 'bootstrap' | 'groups' | 'tokenScope'>;

/**
 * True when a change of the admin groups would take the admin rights of the one who makes it. ADMIN_TOKEN and
 * tokens of scope admin keep theirs whatever the groups are.
 */
export function wouldLoseAdmin(
  actor: ActingAdmin,
  before: readonly string[],
  after: readonly string[],
): boolean {
  if (actor.bootstrap || actor.tokenScope === 'admin') return false;
  const own = new Set(actor.groups.map((group) => group.toLowerCase()));
  const isIn = (groups: readonly string[]): boolean => groups.some((group) => own.has(group.toLowerCase()));
  return isIn(before) && !isIn(after);
}
