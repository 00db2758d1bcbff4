import { Global, Module } from '@nestjs/common';
import { OpenApiModule } from '../../platform/openapi/open-api.module.js';
import { DocsAssets } from './docs-assets.service.js';
import { DocsController } from './docs.controller.js';
import { ReadinessService } from './readiness.service.js';
import { HealthController } from './health.controller.js';
import { HEALTH } from './health.port.js';
import { MetricsController } from './metrics.controller.js';
import { OwnChecks } from './own-checks.service.js';
import { RootController } from './root.controller.js';
import { SystemController } from './system.controller.js';
import { SystemService } from './system.service.js';

/** Health, metrics, the installation at a glance, and the pages that a browser sees. */
@Global()
@Module({
  imports: [OpenApiModule],
  controllers: [HealthController, MetricsController, SystemController, DocsController, RootController],
  providers: [
    ReadinessService,
    { provide: HEALTH, useExisting: ReadinessService },
    OwnChecks,
    SystemService,
    DocsAssets,
  ],
  exports: [HEALTH],
})
export class HealthModule {}
