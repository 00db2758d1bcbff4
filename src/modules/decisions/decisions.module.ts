import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { IdentityModule } from '../identity/identity.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { AssumedUserService } from './assumed-user.service.js';
import { AuditedRequestService } from './audited-request.service.js';
import { DecisionsController } from './decisions.controller.js';
import { PIPELINE } from './decisions.port.js';
import { DryRunService } from './dry-run.service.js';
import { ExplainService } from './explain.service.js';
import { PipelineRegistry } from './pipeline-registry.service.js';
import { TokenTestService } from './token-test.service.js';

@Module({
  imports: [AuditModule, DirectoryModule, IdentityModule, ProvidersModule],
  controllers: [DecisionsController],
  providers: [
    { provide: PIPELINE, useClass: PipelineRegistry },
    DryRunService,
    AssumedUserService,
    ExplainService,
    AuditedRequestService,
    TokenTestService,
  ],
  exports: [PIPELINE],
})
export class DecisionsModule {}
