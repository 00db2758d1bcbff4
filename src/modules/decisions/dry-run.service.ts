import { Inject, Injectable } from '@nestjs/common';
import { LOGGER } from '../../platform/logging/logger.js';
import type { Logger } from '../../platform/logging/logger.js';
import { IDENTITY, isDenial } from '../identity/identity.port.js';
import type { IdentityPort } from '../identity/identity.port.js';
import { PIPELINE } from './decisions.port.js';
import type { DryRunRequest, PipelinePort } from './decisions.port.js';
import type { Credential, Denial, Exchange, Principal } from './exchange.port.js';
import { passesBy, runStep } from './pipeline.port.js';
import type { PipelineGuard, StepName } from './pipeline.port.js';
import { denialOf, reportStep, skipped } from './step-report.policy.js';
import type { StepReport } from './step-report.policy.js';

/** A user to run the pipeline for without any credential. */
export interface AssumedUser {
  /** The user, or why there is none: then the authentication step refuses. */
  readonly found: Principal | Denial;
  readonly credential: Credential;
  readonly note: string;
}

export interface DryRun {
  readonly exchange: Exchange;
  readonly steps: StepReport[];
}

/** Steps that only a real credential can go through. */
const CREDENTIAL_STEPS: ReadonlySet<StepName> = new Set(['credential', 'public-api', 'authentication']);

/** Runs the very steps that decide real requests, one by one, for a request that is never forwarded. */
@Injectable()
export class DryRunService {
  constructor(
    @Inject(PIPELINE) private readonly pipeline: PipelinePort,
    @Inject(IDENTITY) private readonly identity: IdentityPort,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** Never throws for what a step does: a failing step is a denial, as on the data plane. */
  async run(request: DryRunRequest, user?: AssumedUser): Promise<DryRun> {
    const exchange = this.pipeline.current.dryRun(request);
    const steps: StepReport[] = [framingReport(exchange)];
    for (const guard of this.pipeline.current.steps) {
      if (passesBy(guard, exchange.decision)) continue;
      const assumes = user && CREDENTIAL_STEPS.has(guard.step);
      steps.push(assumes ? assume(guard.step, exchange, user) : await this.runOne(guard, exchange));
    }
    const acting = await this.actAs(exchange);
    if (acting) steps.push(acting);
    return { exchange, steps };
  }

  private async runOne(guard: PipelineGuard, exchange: Exchange): Promise<StepReport> {
    const watched = exchange.wouldDeny?.length ?? 0;
    const earlier = exchange.decision;
    try {
      await runStep(guard, exchange);
    } catch (error) {
      this.log.warn({ err: error, step: guard.step }, 'a step failed in a dry run');
      exchange.decision = denialOf(error);
    }
    return reportStep(guard.step, exchange, watched, earlier);
  }

  /** The last thing that can refuse an allowed request: no way to act as this user. */
  private async actAs(exchange: Exchange): Promise<StepReport | undefined> {
    const { application, principal, credential, decision, head } = exchange;
    const injected = credential.kind === 'oauth' || credential.kind === 'api-token';
    if (!application || !principal || !injected) return undefined;
    if (decision?.verdict !== 'forward' || decision.kind !== 'forwarded') return undefined;
    const path = `${application.contextPath}${exchange.policyPath}`;
    try {
      const outgoing = { method: head.method, path, query: '', form: undefined };
      const result = await this.identity.actAs(application, principal, outgoing);
      if (isDenial(result)) exchange.decision = result;
    } catch (error) {
      this.log.warn({ err: error, step: 'identity' }, 'a step failed in a dry run');
      exchange.decision = denialOf(error);
    }
    if (exchange.decision?.verdict !== 'deny') {
      const detail = `Acts as ${principal.username} by ${application.identity.mode}.`;
      return { step: 'identity', outcome: 'forward', reason: null, detail };
    }
    const { reason, detail } = exchange.decision;
    return { step: 'identity', outcome: 'deny', reason, detail: detail ?? null };
  }
}

function framingReport({ decision, head }: Exchange): StepReport {
  if (decision?.verdict === 'deny') {
    return { step: 'framing', outcome: 'deny', reason: decision.reason, detail: decision.detail ?? null };
  }
  const detail = head.exactPath
    ? null
    : 'The path was not sent in its canonical form: no list lets it through.';
  return { step: 'framing', outcome: 'continue', reason: null, detail };
}

/** Takes the place of a step that needs a real credential. */
function assume(step: StepName, exchange: Exchange, user: AssumedUser): StepReport {
  if (step === 'credential') exchange.credential = user.credential;
  if (step !== 'authentication') return skipped(step, user.note);
  if ('verdict' in user.found) {
    exchange.decision = user.found;
    return reportStep(step, exchange, 0);
  }
  exchange.principal = user.found;
  return skipped(step, user.note);
}
