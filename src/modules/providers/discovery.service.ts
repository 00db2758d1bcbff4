import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '../../platform/config/config.js';
import type { Config } from '../../platform/config/config.js';
import { metadataOf, metadataUrlsOf } from './discovery.policy.js';
import type { ProviderMetadata } from './discovery.policy.js';
import { faultOfUrl } from './provider-address.policy.js';
import { ProviderHttpError } from './provider-http.errors.js';
import { ProviderHttp } from './provider-http.service.js';

/** The metadata was found and must not be used (wrong issuer, unusable endpoint): the admin has to look at it. */
export class DiscoveryRefusedError extends Error {
  override readonly name = 'DiscoveryRefusedError';
}

@Injectable()
export class DiscoveryService {
  constructor(
    private readonly http: ProviderHttp,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * The metadata of an issuer, OpenID Connect form first, RFC 8414 form second. Throws `ProviderHttpError` when no
   * document can be had and `DiscoveryRefusedError` when it must not be used.
   */
  async discover(issuer: string, metadataUrl?: string): Promise<ProviderMetadata> {
    const fault = faultOfUrl(issuer.replace('{tenantid}', 'organizations'), this.config.providerAllowedHosts);
    if (fault !== undefined) throw new DiscoveryRefusedError(`The issuer ${fault}`);
    let lastStatus = 0;
    const urls =
      metadataUrl === undefined
        ? metadataUrlsOf(issuer.replace('{tenantid}', 'organizations'))
        : [metadataUrl];
    for (const url of urls) {
      const answer = await this.http.send({ method: 'GET', url });
      lastStatus = answer.status;
      if (answer.status === 200 && answer.json !== undefined) return this.checked(answer.json, issuer);
    }
    const what = lastStatus === 200 ? 'is no JSON' : `was not found (status ${lastStatus})`;
    throw new ProviderHttpError(
      'status',
      `The metadata document of the issuer ${what}: check the issuer, it is what stands before /.well-known/.`,
    );
  }

  private checked(document: unknown, issuer: string): ProviderMetadata {
    const metadata = metadataOf(document, issuer);
    if ('fault' in metadata) throw new DiscoveryRefusedError(metadata.fault);
    for (const [name, url] of Object.entries(metadata.endpoints)) {
      const fault = faultOfUrl(url, this.config.providerAllowedHosts);
      if (fault !== undefined)
        throw new DiscoveryRefusedError(`The ${name} endpoint of the metadata document ${fault}`);
    }
    return metadata;
  }
}
