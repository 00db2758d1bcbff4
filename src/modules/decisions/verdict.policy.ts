import { reasonOf } from '../../lib/reasons.js';
import type { ReasonCode } from '../../lib/reasons.js';
import type { Decision, Exchange, ForwardKind } from './exchange.port.js';

/** The end of a dry run in the words of the contract. */
export interface Verdict {
  readonly decision: 'forward' | 'deny';
  /** How it goes on; null when refused. */
  readonly kind: ForwardKind | null;
  readonly reason: ReasonCode | null;
  /** The status that the caller would see; null: the application's own. */
  readonly status: number | null;
  readonly message: string;
  readonly hint: string | null;
}

const FORWARDED: Readonly<Record<ForwardKind, string>> = {
  forwarded: 'The call is forwarded as the user.',
  bypassed: 'The call is forwarded as it is: the path is in the bypass list.',
  anonymous: 'The call is forwarded without a user: the path is public.',
  'passed-through': 'The call is forwarded as it is: Restgate is not involved.',
  session: 'The call is forwarded with its browser session: the application decides.',
};

/** Puts a decision into words. A run that ended without one was not refused. */
export function verdictOf(decision: Decision | undefined): Verdict {
  if (decision?.verdict !== 'deny') {
    const kind = decision?.kind ?? 'forwarded';
    return { decision: 'forward', kind, reason: null, status: null, message: FORWARDED[kind], hint: null };
  }
  const { status, message, hint } = reasonOf(decision.reason) as {
    status: number;
    message: string;
    hint?: string;
  };
  return {
    decision: 'deny',
    kind: null,
    reason: decision.reason,
    status: decision.status ?? status,
    message,
    hint: decision.hint ?? hint ?? null,
  };
}

/** Who the caller turned out to be, as an admin may see it. */
export interface PrincipalSummary {
  readonly username: string;
  readonly groups: readonly string[];
  /** False: the application itself still checks the password. */
  readonly verified: boolean;
  readonly scope: 'read' | 'write' | 'admin' | null;
  readonly expiresAt: string | null;
  readonly provider: string | null;
  readonly tokenName: string | null;
}

export function principalOf({ principal }: Exchange): PrincipalSummary | null {
  if (!principal) return null;
  const { username, groups, verified, limits, expiresAt, credential } = principal;
  return {
    username,
    groups,
    verified,
    scope: limits?.scope ?? null,
    expiresAt: expiresAt === undefined ? null : new Date(expiresAt).toISOString(),
    provider: credential.provider ?? null,
    tokenName: credential.name ?? null,
  };
}
