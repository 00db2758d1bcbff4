import { Inject, Injectable, Optional } from '@nestjs/common';
import { HEALTH } from '../health/health.port.js';
import type { CheckResult, HealthPort } from '../health/health.port.js';
import { TOKEN_VERIFIER } from './providers.port.js';
import type { TokenVerifierPort } from './providers.port.js';

/** Tells readiness how the providers fared. Names and addresses stay out of it: health is public. */
@Injectable()
export class ProviderHealth {
  constructor(
    @Inject(TOKEN_VERIFIER) private readonly verifier: TokenVerifierPort,
    @Optional() @Inject(HEALTH) health?: HealthPort,
  ) {
    health?.register('providers', () => this.check(), {
      effect:
        'New tokens of this provider get 503; those that were verified a moment ago go on. API tokens work.',
    });
  }

  private check(): CheckResult {
    const statuses = this.verifier.status();
    const failing = statuses.filter((status) => !status.ok).length;
    if (failing === 0) return { ok: true, detail: `${statuses.length} enabled` };
    return { ok: false, detail: `${failing} of ${statuses.length} did not answer when they were last asked` };
  }
}
