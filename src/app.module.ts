import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { GatewayModule } from './gateway/gateway.module.js';
import { AccessModule } from './modules/access/access.module.js';
import { ApplicationsModule } from './modules/applications/applications.module.js';
import { AuditModule } from './modules/audit/audit.module.js';
import { ConfigurationModule } from './modules/configuration/configuration.module.js';
import { CredentialsModule } from './modules/credentials/credentials.module.js';
import { DecisionsModule } from './modules/decisions/decisions.module.js';
import { DirectoryModule } from './modules/directory/directory.module.js';
import { GlobalSettingsModule } from './modules/global-settings/global-settings.module.js';
import { HealthModule } from './modules/health/health.module.js';
import { IdentityModule } from './modules/identity/identity.module.js';
import { ProvidersModule } from './modules/providers/providers.module.js';
import { PublicApiModule } from './modules/public-api/public-api.module.js';
import { RateLimitModule } from './modules/rate-limit/rate-limit.module.js';
import { RestrictionsModule } from './modules/restrictions/restrictions.module.js';
import { SessionsModule } from './modules/sessions/sessions.module.js';
import { TokensModule } from './modules/tokens/tokens.module.js';
import type { Config } from './platform/config/config.js';
import type { Logger } from './platform/logging/logger.js';
import { PlatformModule } from './platform/platform.module.js';

/** The list of rooms. */
@Module({})
export class AppModule {
  static forRoot(config: Config, databaseUrl: string, logger: Logger): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.forRoot(config, databaseUrl, logger),
        GatewayModule,
        AccessModule,
        ApplicationsModule,
        AuditModule,
        ConfigurationModule,
        CredentialsModule,
        DecisionsModule,
        DirectoryModule,
        GlobalSettingsModule,
        HealthModule,
        IdentityModule,
        ProvidersModule,
        PublicApiModule,
        RateLimitModule,
        RestrictionsModule,
        SessionsModule,
        TokensModule,
      ],
    };
  }
}
