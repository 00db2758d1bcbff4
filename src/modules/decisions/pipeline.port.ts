import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type {
  Decision,
  Denial,
  Exchange,
  ForwardKind,
  RequestWithExchange,
  StepResult,
} from './exchange.port.js';
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
 * One step of the pipeline, and its adapter to Nest. A step answers `undefined` to continue, or a decision.
 * It answers synchronously whenever everything it needs is in memory. What it throws becomes 503.
 */
export abstract class PipelineGuard implements CanActivate {
  abstract readonly step: StepName;
  /** Calls that an earlier step let through in this way are put before this step, too: it may still refuse them. */
  readonly alsoJudges: ForwardKind | undefined = undefined;

  abstract decide(exchange: Exchange): StepResult | Promise<StepResult>;

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    // By index: switchToHttp() makes four closures, for every step of every request.
    const { exchange } = context.getArgByIndex<FastifyRequest>(0).raw as RequestWithExchange;
    if (!exchange) throw new Error('The proxied route was reached without an exchange.');
    const result = runStep(this, exchange);
    return result instanceof Promise ? result.then(mayContinue) : mayContinue(result);
  }
}

/** True when a step has nothing to say to a request any more, because of what was decided before it. */
export function passesBy(guard: PipelineGuard, decision: Decision | undefined): boolean {
  if (!decision) return false;
  return decision.verdict === 'deny' || decision.kind !== guard.alsoJudges;
}

/**
 * Runs one step and writes its decision on the exchange. A decided exchange is left as it is, but for the steps
 * that also judge calls let through before them: those can refuse, and say nothing to leave it at that.
 */
export function runStep(guard: PipelineGuard, exchange: Exchange): Exchange | Promise<Exchange> {
  if (passesBy(guard, exchange.decision)) return exchange;
  const result = guard.decide(exchange);
  if (result instanceof Promise) {
    return result.then((decision) => {
      exchange.decision = decision ?? exchange.decision;
      return exchange;
    });
  }
  exchange.decision = result ?? exchange.decision;
  return exchange;
}

function mayContinue(exchange: Exchange): boolean {
  return exchange.decision?.verdict !== 'deny';
}
