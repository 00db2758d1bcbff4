import { Inject, Injectable } from '@nestjs/common';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { ProblemError } from '../../platform/http/problem.js';
import { APPLICATIONS } from '../applications/applications.port.js';
import type { Application } from '../applications/applications.port.js';
import { TOKEN_VERIFIER } from '../providers/providers.port.js';
import type { TokenStep, TokenVerifierPort } from '../providers/providers.port.js';
import { PROBE_PATHS } from './dry-run-request.policy.js';
import type { PastedCredential } from './dry-run-request.policy.js';
import { ExplainService } from './explain.service.js';
import type { Explanation } from './explain.service.js';
import type { StepReport } from './step-report.policy.js';

/** A pasted credential, and the call to test it with; what is absent is a cheap read of the first application. */
export interface TokenTest {
  readonly credential: PastedCredential;
  readonly application?: string;
  readonly method?: string;
  readonly path?: string;
  readonly clientIp: string;
}

const OUTCOMES = { passed: 'continue', info: 'continue', failed: 'deny', skipped: 'skipped' } as const;

/** Says whether a credential would be accepted, as whom, and if not, which rule refuses it. */
@Injectable()
export class TokenTestService {
  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(TOKEN_VERIFIER) private readonly verifier: TokenVerifierPort,
    private readonly explainer: ExplainService,
  ) {}

  /** Throws 400 for an unknown application, 409 when there is none at all. The credential is kept nowhere. */
  async test(test: TokenTest): Promise<Explanation> {
    const application = this.applicationOf(test.application);
    const explanation = await this.explainer.explain({
      application: application.key,
      method: test.method ?? 'GET',
      path: test.path ?? PROBE_PATHS[application.product],
      clientIp: test.clientIp,
      credential: test.credential,
    });
    const { credential } = explanation.exchange;
    if (credential.kind !== 'oauth') return explanation;
    // The verification step by step is what an admin needs to see why a provider's token is refused.
    const { steps } = await this.verifier.explain(credential.secret);
    return { ...explanation, steps: withVerification(explanation.steps, steps.map(reportOf)) };
  }

  private applicationOf(key: string | undefined): Application {
    const { byKey } = APPLICATIONS.of(this.changeFeed.current);
    const wanted = key === undefined ? [...byKey.values()].find(({ enabled }) => enabled) : byKey.get(key);
    if (wanted) return wanted;
    if (key === undefined) throw new ProblemError(409, 'no_application', 'No application is configured yet.');
    const message = `there is no application "${key}"`;
    throw new ProblemError(400, 'invalid_request', `application: ${message}`, [
      { field: 'application', message },
    ]);
  }
}

function reportOf({ step, outcome, detail }: TokenStep): StepReport {
  return { step: `token: ${step}`, outcome: OUTCOMES[outcome], reason: null, detail };
}

/** Put before the step whose answer they explain. */
function withVerification(steps: readonly StepReport[], verification: readonly StepReport[]): StepReport[] {
  const at = steps.findIndex(({ step }) => step === 'authentication');
  return at < 0 ? [...steps] : [...steps.slice(0, at), ...verification, ...steps.slice(at)];
}
