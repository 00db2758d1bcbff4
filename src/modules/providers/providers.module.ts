import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AuthorizationRepository } from './authorization.repository.js';
import { AuthorizationsService } from './authorizations.service.js';
import { CodeFlow } from './code-flow.service.js';
import { DiscoveryService } from './discovery.service.js';
import { IdTokens } from './id-token.service.js';
import { JwtVerifier } from './jwt-verifier.service.js';
import { OAuthCallbackController } from './oauth-callback.controller.js';
import { Breakers } from './provider-breaker.service.js';
import { ProviderClient } from './provider-client.service.js';
import { ProviderHealth } from './provider-health.service.js';
import { ProviderHttp } from './provider-http.service.js';
import { ProviderKeys } from './provider-keys.service.js';
import { ProviderVerification } from './provider-verification.service.js';
import { ProviderAuthorizationEntity, ProviderEntity, ProviderKeysEntity } from './provider.entity.js';
import { ProviderRepository } from './provider.repository.js';
import { ProviderSignIn } from './provider-sign-in.service.js';
import { ProvidersController } from './providers.controller.js';
import { TOKEN_VERIFIER } from './providers.port.js';
import { ProvidersService } from './providers.service.js';
import { PROVIDER_SIGN_IN } from './sign-in.port.js';
import { TokenCache } from './token-cache.service.js';
import { TokenFetchingController } from './token-fetching.controller.js';
import { TokenFetching } from './token-fetching.service.js';
import { TokenQuestions } from './token-questions.service.js';
import { TokenVerifier } from './token-verifier.service.js';
import { ProvidersConfiguration } from './providers-configuration.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([ProviderEntity, ProviderKeysEntity, ProviderAuthorizationEntity])],
  controllers: [ProvidersController, TokenFetchingController, OAuthCallbackController],
  providers: [
    AuthorizationRepository,
    AuthorizationsService,
    Breakers,
    CodeFlow,
    DiscoveryService,
    IdTokens,
    JwtVerifier,
    ProviderClient,
    ProviderHealth,
    ProviderHttp,
    ProviderKeys,
    ProviderRepository,
    ProviderSignIn,
    { provide: PROVIDER_SIGN_IN, useExisting: ProviderSignIn },
    ProviderVerification,
    ProvidersConfiguration,
    ProvidersService,
    TokenCache,
    TokenFetching,
    TokenQuestions,
    TokenVerifier,
    { provide: TOKEN_VERIFIER, useExisting: TokenVerifier },
  ],
  exports: [TOKEN_VERIFIER, PROVIDER_SIGN_IN],
})
export class ProvidersModule {}
