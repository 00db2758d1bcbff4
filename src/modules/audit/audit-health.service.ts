import { Inject, Injectable, Optional } from '@nestjs/common';
import { HEALTH } from '../health/health.port.js';
import type { CheckResult, HealthPort } from '../health/health.port.js';
import { AUDIT } from './audit.port.js';
import type { AuditPort } from './audit.port.js';

/** Tells readiness whether audit events reach the disk and the database. */
@Injectable()
export class AuditHealth {
  constructor(
    @Inject(AUDIT) private readonly audit: AuditPort,
    @Optional() @Inject(HEALTH) health?: HealthPort,
  ) {
    health?.register('audit', () => this.check(), {
      effect:
        'Audit events cannot be kept safely. When there is no room left, the oldest are dropped or requests are refused, as the audit settings say.',
    });
  }

  private check(): CheckResult {
    const { ok, problem, dropped, spillBytes } = this.audit.status();
    const warnings =
      dropped > 0 ? [`${dropped} events were given up because their disk space was used up`] : [];
    // While the database is away events wait on disk, which is what the disk is for; the database says so itself.
    const waiting = problem === 'database_unavailable';
    return { ok: ok || waiting, detail: problem ?? `${spillBytes} bytes wait on disk`, warnings };
  }
}
