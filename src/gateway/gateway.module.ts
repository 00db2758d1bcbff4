import { Module } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { ApplicationsModule } from '../modules/applications/applications.module.js';
import { AuditModule } from '../modules/audit/audit.module.js';
import { CredentialsModule } from '../modules/credentials/credentials.module.js';
import { DecisionsModule } from '../modules/decisions/decisions.module.js';
import { PIPELINE } from '../modules/decisions/decisions.port.js';
import type { PipelinePort } from '../modules/decisions/decisions.port.js';
import type { PipelineGuard } from '../modules/decisions/pipeline.port.js';
import { GlobalSettingsModule } from '../modules/global-settings/global-settings.module.js';
import { IdentityModule } from '../modules/identity/identity.module.js';
import { PublicApiModule } from '../modules/public-api/public-api.module.js';
import { RateLimitModule } from '../modules/rate-limit/rate-limit.module.js';
import { RestrictionsModule } from '../modules/restrictions/restrictions.module.js';
import { Admission } from './admission.service.js';
import { AllowedGuard } from './allowed.guard.js';
import { ExchangeRecorder } from './exchange-recorder.service.js';
import { Forwarder } from './forwarder.service.js';
import { GatewayController, PIPELINE_STEPS } from './gateway.controller.js';
import { RequestMetrics } from './request-metrics.service.js';
import { RequestTraces } from './request-traces.service.js';
import { UpgradeService } from './upgrade.service.js';
import { UpstreamPools } from './upstream.pools.js';

@Module({
  imports: [
    ApplicationsModule,
    AuditModule,
    CredentialsModule,
    DecisionsModule,
    GlobalSettingsModule,
    IdentityModule,
    PublicApiModule,
    RateLimitModule,
    RestrictionsModule,
  ],
  controllers: [GatewayController],
  providers: [
    Admission,
    AllowedGuard,
    ExchangeRecorder,
    Forwarder,
    RequestMetrics,
    RequestTraces,
    UpgradeService,
    UpstreamPools,
  ],
  exports: [Admission, UpgradeService],
})
export class GatewayModule {
  constructor(private readonly moduleRef: ModuleRef) {}

  /** Leaves the steps with the decisions module, so that explain and upgrades run the very same objects. */
  onModuleInit(): void {
    const admission = this.moduleRef.get(Admission, { strict: true });
    const steps = PIPELINE_STEPS.map((guard) => this.moduleRef.get<PipelineGuard>(guard, { strict: false }));
    this.moduleRef.get<PipelinePort>(PIPELINE, { strict: false }).register({
      steps,
      dryRun: (request) => admission.dryRun(request),
    });
  }
}
