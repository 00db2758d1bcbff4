import type { ReasonCode } from '../../lib/reasons.js';
import { DatabaseUnavailableError } from '../../platform/database/database.errors.js';
import { DirectoryUnavailableError } from '../directory/directory.port.js';
import type { Decision, Denial, Exchange } from './exchange.port.js';
import { deny } from './pipeline.port.js';
import type { StepName } from './pipeline.port.js';

/** What one step of the pipeline said about a dry run. Holds no secret. */
export interface StepReport {
  readonly step: string;
  readonly outcome: 'continue' | 'forward' | 'deny' | 'skipped';
  readonly reason: ReasonCode | null;
  /** In words for the admin. */
  readonly detail: string | null;
}

export function skipped(step: string, detail: string): StepReport {
  return { step, outcome: 'skipped', reason: null, detail };
}

/**
 * What a step did, read from the exchange that it wrote to. `watched` and `earlier`: rules in report mode and the
 * decision before it ran.
 */
export function reportStep(
  step: StepName,
  exchange: Exchange,
  watched: number,
  earlier?: Decision,
): StepReport {
  const { decision } = exchange;
  if (decision?.verdict === 'deny') {
    return { step, outcome: 'deny', reason: decision.reason, detail: decision.detail ?? null };
  }
  const outcome = decision && decision !== earlier ? 'forward' : 'continue';
  const notes = [noteOf(step, exchange), ...wouldDeny(exchange, watched)].filter(
    (note) => note !== undefined,
  );
  return { step, outcome, reason: null, detail: notes.length > 0 ? notes.join(' ') : null };
}

function wouldDeny({ wouldDeny: reasons }: Exchange, watched: number): string[] {
  return (reasons ?? []).slice(watched).map((reason) => `Would deny (${reason}), but is in report mode.`);
}

function noteOf(step: StepName, exchange: Exchange): string | undefined {
  const { application, credential, principal, decision } = exchange;
  switch (step) {
    case 'application':
      return application && `Application ${application.key}, ${exchange.api ? 'API' : 'web'} traffic.`;
    case 'master-switch':
      return decision && 'REST API authentication is switched off: the application alone decides.';
    case 'address':
      return `The client address is ${exchange.clientIp}.`;
    case 'bypass':
      return decision && 'In the bypass list: the application alone decides.';
    case 'credential':
      return credential.kind === 'none' ? 'No credential.' : `A credential of kind ${credential.kind}.`;
    case 'public-api':
      return decision && 'Goes on without a user.';
    case 'authentication':
      return principal && userNote(principal.username, principal.groups.length, principal.verified);
    case 'permission':
      return exchange.classification && `The call is a ${exchange.classification}.`;
    case 'rate-limit':
      return rateNote(exchange.answerHeaders);
    default:
      return undefined;
  }
}

/** Read from the fields that the caller would see: another account of the limit could differ from them. */
function rateNote(fields: readonly string[]): string {
  const [limit, seconds, left] = ['Limit', 'Interval-Seconds', 'Remaining'].map((name) => {
    const at = fields.indexOf(`X-RateLimit-${name}`);
    return at < 0 ? undefined : fields[at + 1];
  });
  return limit === undefined ? 'No limit.' : `${left} of ${limit} requests in ${seconds} s are left.`;
}

function userNote(username: string, groups: number, verified: boolean): string {
  const note = `The user is ${username}, member of ${groups} group${groups === 1 ? '' : 's'}.`;
  return verified ? note : `${note} The application itself still checks the password.`;
}

/** The denial that a request would get when a step throws, as on the data plane: 503, never anonymous. */
export function denialOf(error: unknown): Denial {
  if (error instanceof DirectoryUnavailableError)
    return deny('directory_unavailable', { detail: error.message });
  if (error instanceof DatabaseUnavailableError) return deny('database_unavailable');
  return deny('internal_error', { detail: 'The step failed; the log of the gateway has the error.' });
}
