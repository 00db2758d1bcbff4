import type { Principal } from '../decisions/exchange.port.js';
import type { DirectoryUser } from '../directory/directory.port.js';

interface Cached {
  readonly user: DirectoryUser;
  readonly principal: Principal;
}

/**
 * Keeps one principal per proof (verified token, API token) and directory entry, so that the hot path makes no
 * objects. Both are immutable, and a new directory entry makes a new principal; nothing here can be stale.
 */
export class PrincipalCache {
  private readonly byProof = new WeakMap<object, Cached>();
  private readonly claimedUsers = new WeakMap<object, DirectoryUser>();

  of(proof: object, user: DirectoryUser, make: () => Principal): Principal {
    const cached = this.byProof.get(proof);
    if (cached?.user === user) return cached.principal;
    const principal = make();
    this.byProof.set(proof, { user, principal });
    return principal;
  }

  /** The user of a directory of kind `claims`: as the token says. */
  claimed(proof: object, username: string, groups: readonly string[]): DirectoryUser {
    let user = this.claimedUsers.get(proof);
    if (!user) {
      user = {
        username,
        active: true,
        groups,
        groupKeys: new Set(groups.map((group) => group.toLowerCase())),
      };
      this.claimedUsers.set(proof, user);
    }
    return user;
  }
}

const NO_GROUPS: ReadonlySet<string> = new Set();

/** Somebody who claims a name that the application itself will check. */
export function withoutDirectory(username: string): Principal {
  return { username, groups: [], groupKeys: NO_GROUPS, credential: { kind: 'basic' }, verified: false };
}
