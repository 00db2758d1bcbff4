import type { Actor } from '../access/access.port.js';
import type { TokenScope } from './token-limits.policy.js';

/** Who may make tokens for themselves, from global settings and restrictions. */
export interface CreationRules {
  readonly userTokenCreationAllowed: boolean;
  /** Undefined: no group rule is in force. In lower case. */
  readonly creatorGroups: ReadonlySet<string> | undefined;
}

export interface CreationRefusal {
  /** Of the problem answer (403). */
  readonly code: 'token_cannot_create_tokens' | 'token_creation_not_allowed' | 'token_scope_not_allowed';
  readonly detail: string;
}

type Creator = Pick<Actor, 'level' | 'groups' | 'credential' | 'tokenScope'>;

/** Why this actor may not make a token; undefined: they may. Admins always may, tokens only with scope admin. */
export function refuseCreation(actor: Creator, rules: CreationRules): CreationRefusal | undefined {
  if (actor.credential.kind === 'api-token' && actor.tokenScope !== 'admin') {
    return {
      code: 'token_cannot_create_tokens',
      detail: 'An API token cannot make or renew tokens. Sign in another way, or use a token of scope admin.',
    };
  }
  if (actor.level === 'admin') return undefined;
  if (!rules.userTokenCreationAllowed) {
    return { code: 'token_creation_not_allowed', detail: 'Only administrators may create tokens.' };
  }
  if (rules.creatorGroups && !isMember(actor.groups, rules.creatorGroups)) {
    return { code: 'token_creation_not_allowed', detail: 'None of your groups may create tokens.' };
  }
  return undefined;
}

/** Scope admin is for admins to give. */
export function refuseScope(actor: Creator, scope: TokenScope): CreationRefusal | undefined {
  if (scope !== 'admin' || actor.level === 'admin') return undefined;
  return { code: 'token_scope_not_allowed', detail: 'Only administrators may create tokens of scope admin.' };
}

/**
 * True when the actor may revoke this token of theirs: with a token of scope read only that token itself, so
 * that a leaked read-only token cannot stop its owner's other work.
 */
export function mayRevoke(actor: Creator, tokenId: string): boolean {
  const { credential, tokenScope } = actor;
  return credential.kind !== 'api-token' || tokenScope !== 'read' || credential.id === tokenId;
}

/** Group names are compared without case, as the products do. */
export function isMember(groups: Iterable<string>, allowed: ReadonlySet<string>): boolean {
  for (const group of groups) {
    if (allowed.has(group.toLowerCase())) return true;
  }
  return false;
}
