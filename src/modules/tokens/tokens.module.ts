import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuditModule } from '../audit/audit.module.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { ApiTokenEntity } from './api-token.entity.js';
import { MyTokensController } from './my-tokens.controller.js';
import { TokenCreators } from './token-creators.service.js';
import { TokenJobs } from './token-jobs.service.js';
import { TokenListService } from './token-list.service.js';
import { TokenLoader } from './token-loader.service.js';
import { TokenOwnerService } from './token-owner.service.js';
import { TokenSettingsController } from './token-settings.controller.js';
import { TokenSettingsService } from './token-settings.service.js';
import { TokenUseRecorder } from './token-use.service.js';
import { TokenVerifier } from './token-verifier.service.js';
import { TokenViolationsService } from './token-violations.service.js';
import { TokensController } from './tokens.controller.js';
import { API_TOKENS } from './tokens.port.js';
import { TokensRepository } from './tokens.repository.js';
import { TokensService } from './tokens.service.js';
import { TokenSettingsConfiguration } from './token-settings-configuration.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([ApiTokenEntity]), AuditModule, DirectoryModule],
  controllers: [TokensController, TokenSettingsController, MyTokensController],
  providers: [
    TokenSettingsConfiguration,
    TokenCreators,
    TokenJobs,
    TokenListService,
    TokenLoader,
    TokenOwnerService,
    TokenSettingsService,
    TokenUseRecorder,
    TokenVerifier,
    TokenViolationsService,
    TokensRepository,
    TokensService,
    { provide: API_TOKENS, useExisting: TokenVerifier },
  ],
  exports: [API_TOKENS],
})
export class TokensModule {}
