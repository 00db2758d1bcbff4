import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ApplicationsModule } from '../applications/applications.module.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { ApplicationCheckController } from './application-check.controller.js';
import { ApplicationCheckService } from './application-check.service.js';
import { IdentityCheckService } from './identity-check.service.js';
import { MintedPatMaker } from './minted-pat-maker.service.js';
import { MintedPats } from './minted-pats.service.js';
import { ProductTokens } from './product-tokens.service.js';
import { StoredPatCare } from './stored-pat-care.service.js';
import { StoredPatHealth } from './stored-pat-health.service.js';
import { StoredPatMarks } from './stored-pat-marks.service.js';
import { StoredPatWatch } from './stored-pat-watch.service.js';
import { AuditModule } from '../audit/audit.module.js';
import { IDENTITY } from './identity.port.js';
import { IdentityService } from './identity.service.js';
import { MyCredentialsController } from './my-credentials.controller.js';
import { Oauth1SignerService } from './oauth1-signer.service.js';
import { StoredPatEntity } from './stored-pat.entity.js';
import { STORED_PATS } from './stored-pats.port.js';
import { StoredPatsRepository } from './stored-pats.repository.js';
import { StoredPatsService } from './stored-pats.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([StoredPatEntity]), AuditModule, ApplicationsModule, DirectoryModule],
  controllers: [ApplicationCheckController, MyCredentialsController],
  providers: [
    Oauth1SignerService,
    ProductTokens,
    StoredPatsRepository,
    StoredPatMarks,
    StoredPatCare,
    StoredPatWatch,
    StoredPatHealth,
    MintedPatMaker,
    MintedPats,
    StoredPatsService,
    { provide: STORED_PATS, useExisting: StoredPatsService },
    IdentityService,
    { provide: IDENTITY, useExisting: IdentityService },
    IdentityCheckService,
    ApplicationCheckService,
  ],
  exports: [IDENTITY, STORED_PATS],
})
export class IdentityModule {}
