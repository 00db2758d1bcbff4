import { Global, Module } from '@nestjs/common';
import { DirectoryModule } from '../directory/directory.module.js';
import { ProvidersModule } from '../providers/providers.module.js';
import { RateLimitModule } from '../rate-limit/rate-limit.module.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { AuthenticationGuard } from './authentication.guard.js';
import { Authenticator } from './authenticator.service.js';
import { BearerAuthentication, BearerStrategy } from './bearer.service.js';
import { CredentialGuard } from './credential.guard.js';
import { PasswordAttempts } from './password-attempts.service.js';
import { AUTHENTICATOR, PROVED_SUBJECTS } from './credentials.port.js';

/** Global: the control plane's guard asks it, whatever module a route is in. */
@Global()
@Module({
  imports: [DirectoryModule, ProvidersModule, RateLimitModule, TokensModule],
  providers: [
    { provide: AUTHENTICATOR, useClass: Authenticator },
    { provide: PROVED_SUBJECTS, useExisting: AUTHENTICATOR },
    BearerStrategy,
    BearerAuthentication,
    PasswordAttempts,
    CredentialGuard,
    AuthenticationGuard,
  ],
  exports: [AUTHENTICATOR, PROVED_SUBJECTS, BearerAuthentication, CredentialGuard, AuthenticationGuard],
})
export class CredentialsModule {}
