import { pino } from 'pino';
import { Registry } from 'prom-client';
import { v7 as uuid } from 'uuid';
import { DiscoveryService } from '../../../src/modules/providers/discovery.service.js';
import type { CreateProvider } from '../../../src/modules/providers/dto/provider-input.dto.js';
import { JwtVerifier } from '../../../src/modules/providers/jwt-verifier.service.js';
import { presetOf } from '../../../src/modules/providers/presets/presets.policy.js';
import { Breakers } from '../../../src/modules/providers/provider-breaker.service.js';
import { ProviderClient } from '../../../src/modules/providers/provider-client.service.js';
import { ProviderHttp } from '../../../src/modules/providers/provider-http.service.js';
import { ProviderKeys } from '../../../src/modules/providers/provider-keys.service.js';
import { newSettings, providerOf } from '../../../src/modules/providers/provider-settings.policy.js';
import { PROVIDERS } from '../../../src/modules/providers/provider-settings.port.js';
import type { Provider } from '../../../src/modules/providers/provider-settings.port.js';
import { ProviderVerification } from '../../../src/modules/providers/provider-verification.service.js';
import { ProviderEntity } from '../../../src/modules/providers/provider.entity.js';
import type { ProviderRepository, StoredKeys } from '../../../src/modules/providers/provider.repository.js';
import { isRefusal } from '../../../src/modules/providers/providers.port.js';
import { TokenCache } from '../../../src/modules/providers/token-cache.service.js';
import { TokenQuestions } from '../../../src/modules/providers/token-questions.service.js';
import { TokenVerifier } from '../../../src/modules/providers/token-verifier.service.js';
import type { ChangeFeedPort } from '../../../src/platform/change-feed/change-feed.port.js';
import { initialSnapshot } from '../../../src/platform/change-feed/snapshot.js';
import type { Config } from '../../../src/platform/config/config.js';

export type ProviderFields = Partial<CreateProvider> & { id?: string };

/** A provider as the snapshot holds it; throws when the settings would be refused. */
export function aProvider(fields: ProviderFields): Provider {
  const input = { name: 'idp', preset: 'custom-oidc', clientId: 'restgate', ...fields } as CreateProvider;
  const { settings, faults } = newSettings(presetOf(input.preset), input, []);
  if (faults.length > 0) throw new Error(JSON.stringify(faults));
  const entity = Object.assign(new ProviderEntity(), {
    id: fields.id ?? uuid(),
    name: input.name,
    preset: input.preset,
    enabled: input.enabled ?? true,
    clientId: input.clientId,
    clientSecret: null,
    settings,
    order: input.order ?? 100,
  });
  return providerOf(entity, input.clientSecret ?? undefined);
}

/** The verifier with everything real except the database, which is a map. */
export class VerifierKit {
  readonly storedKeys = new Map<string, StoredKeys>();
  readonly verifier: TokenVerifier;
  readonly questions: TokenQuestions;
  readonly http: ProviderHttp;
  private readonly feed = { current: initialSnapshot() };

  constructor(...providers: Provider[]) {
    const log = pino({ level: 'silent' });
    this.http = new ProviderHttp(
      { providerAllowedHosts: [] as string[] } as unknown as Config,
      new Registry(),
    );
    const breakers = new Breakers();
    const repository = {
      keysOf: (id: string) => Promise.resolve(this.storedKeys.get(id)),
      saveKeys: (id: string, keys: StoredKeys) => Promise.resolve(void this.storedKeys.set(id, keys)),
    } as unknown as ProviderRepository;
    const discovery = new DiscoveryService(this.http, {
      providerAllowedHosts: [] as string[],
    } as unknown as Config);
    const keys = new ProviderKeys(this.http, discovery, repository, breakers, log);
    const jwts = new JwtVerifier(keys);
    this.questions = new TokenQuestions(this.http, new ProviderClient(this.http), breakers, jwts, log);
    const verification = new ProviderVerification(jwts, this.questions);
    const feed = this.feed as unknown as ChangeFeedPort;
    this.verifier = new TokenVerifier(feed, new TokenCache(), verification, breakers);
    this.use(...providers);
  }

  /** Puts these settings in force. */
  use(...providers: Provider[]): void {
    const value = {
      byId: new Map(providers.map((provider) => [provider.id, provider])),
      enabled: providers.filter((provider) => provider.enabled),
    };
    this.feed.current = PROVIDERS.replaceIn(this.feed.current, value);
  }

  /** The user that the token is accepted as, or the reason of its refusal. */
  async outcome(token: string): Promise<string> {
    const result = await this.verifier.verify(token);
    return isRefusal(result) ? result.refused : `user ${result.subject.value}`;
  }

  close(): Promise<void> {
    return this.http.onApplicationShutdown();
  }
}
