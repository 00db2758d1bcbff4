import { Injectable } from '@nestjs/common';
import { invalidField, notFound } from '../../platform/http/problem.js';
import type { Actor } from '../access/access.port.js';
import { collectionSection, without } from '../configuration/collection-section.port.js';
import { ConfigurationPart } from '../configuration/configuration.port.js';
import type { ConfigurationContributor, ConfigurationSection } from '../configuration/configuration.port.js';
import { CreateProvider } from './dto/provider-input.dto.js';
import type { ProviderEndpointsInput } from './dto/provider-input.dto.js';
import type { ProviderView } from './dto/provider-view.dto.js';
import { ProvidersService } from './providers.service.js';

const AFTER_APPLICATIONS = 30;
const NO_ENDPOINTS: ProviderEndpointsInput = {
  authorization: null,
  token: null,
  userinfo: null,
  introspection: null,
  jwks: null,
  revocation: null,
};

/** `providers` of the configuration document, by name. Client secrets that it leaves out stay. */
@Injectable()
@ConfigurationPart({ providers: [CreateProvider] })
export class ProvidersConfiguration implements ConfigurationContributor {
  readonly sections: readonly ConfigurationSection[];

  constructor(private readonly providers: ProvidersService) {
    this.sections = [
      collectionSection({
        name: 'providers',
        order: AFTER_APPLICATIONS,
        key: 'name',
        input: CreateProvider,
        read: async () => {
          const views = await providers.list();
          return views.sort((a, b) => a.order - b.order || (a.name < b.name ? -1 : 1)).map(exported);
        },
        create: (item, { actor }) => providers.create(item, actor),
        update: (name, item, { actor }) => this.update(name, item, actor),
        remove: async (name, { actor }) => providers.remove((await this.stored(name)).id, actor),
      }),
    ];
  }

  private async update(name: string, item: CreateProvider, actor: Actor): Promise<unknown> {
    const stored = await this.stored(name);
    const { preset, endpoints, ...input } = item;
    if (preset !== stored.preset)
      throw invalidField('preset', 'cannot be changed; give the provider another name.');
    const exactly = endpoints && { endpoints: { ...NO_ENDPOINTS, ...given(endpoints) } };
    return this.providers.update(stored.id, { ...input, ...exactly }, actor);
  }

  private async stored(name: string): Promise<ProviderView> {
    const found = (await this.providers.list()).find((provider) => provider.name === name);
    if (!found) throw notFound(`Provider ${name}`);
    return found;
  }
}

function exported(view: ProviderView): object {
  return without(view, ['id', 'clientSecretSet', 'redirectUri', 'warnings', 'createdAt', 'updatedAt']);
}

function given(endpoints: ProviderEndpointsInput): ProviderEndpointsInput {
  return Object.fromEntries(Object.entries(endpoints).filter(([, value]) => value !== undefined));
}
