import type { Decision, Denial, Exchange, ForwardKind, StepResult } from './exchange.port.js';
import type { ReasonCode } from '../../lib/reasons.js';

/** The steps in the order in which a request goes through them. */
export type StepName =
  | 'application'
  | 'master-switch'
  | 'address'
  | 'bypass'
  | 'credential'
  | 'public-api'
  | 'authentication'
  | 'permission'
  | 'rate-limit'
  | 'allowed';

const FORWARD = {
  forwarded: { verdict: 'forward', kind: 'forwarded' },
  bypassed: { verdict: 'forward', kind: 'bypassed' },
  anonymous: { verdict: 'forward', kind: 'anonymous' },
  'passed-through': { verdict: 'forward', kind: 'passed-through' },
  session: { verdict: 'forward', kind: 'session' },
} as const;

/** The decision to forward now, skipping the remaining steps. */
export function forwardNow(kind: ForwardKind): StepResult {
  return FORWARD[kind];
}

/** The decision to refuse. `more.detail` is for admins only and must hold no secret. */
export function deny(reason: ReasonCode, more?: Omit<Denial, 'verdict' | 'reason'>): Denial {
  return { verdict: 'deny', reason, ...more };
}

/**
 * One step of the pipeline: the guard of a proxied request. It answers `undefined` to continue, or a decision;
 * synchronously whenever everything it needs is in memory. What it throws becomes 503.
 */
export abstract class PipelineGuard {
  abstract readonly step: StepName;
  /** Calls that an earlier step let through in this way are put before this step, too: it may still refuse them. */
  readonly alsoJudges: ForwardKind | undefined = undefined;

  abstract decide(exchange: Exchange): StepResult | Promise<StepResult>;
}

/** True when a step has nothing to say to a request any more, because of what was decided before it. */
export function passesBy(guard: PipelineGuard, decision: Decision | undefined): boolean {
  if (!decision) return false;
  return decision.verdict === 'deny' || decision.kind !== guard.alsoJudges;
}

/**
 * Runs one step and writes its decision on the exchange. A decided exchange is left as it is, but for the steps
 * that also judge calls let through before them: those can refuse, and say nothing to leave it at that. A promise
 * is answered only for what was not in memory.
 */
export function runStep(guard: PipelineGuard, exchange: Exchange): Promise<void> | undefined {
  if (passesBy(guard, exchange.decision)) return undefined;
  const result = guard.decide(exchange);
  if (result instanceof Promise) {
    return result.then((decision) => {
      exchange.decision = decision ?? exchange.decision;
    });
  }
  exchange.decision = result ?? exchange.decision;
  return undefined;
}

/**
 * Runs the steps from `first` on, in their order, until all have spoken. The exchange then holds a decision; a run
 * that ends without one throws, and so does a step that fails.
 */
export function runSteps(
  steps: readonly PipelineGuard[],
  exchange: Exchange,
  first = 0,
): Promise<void> | undefined {
  for (let i = first; i < steps.length; i++) {
    const waiting = runStep(steps[i] as PipelineGuard, exchange);
    if (waiting) return waiting.then(() => runSteps(steps, exchange, i + 1));
  }
  if (!exchange.decision) throw new Error('The pipeline ended without a decision.');
  return undefined;
}
