import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuid } from 'uuid';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeDescription, ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { CONFIG } from '../../platform/config/config.js';
import type { Config } from '../../platform/config/config.js';
import { SECRET_BOX } from '../../platform/crypto/secret-box.js';
import type { SecretBox } from '../../platform/crypto/secret-box.js';
import { ProblemError, invalidField, notFound } from '../../platform/http/problem.js';
import type { FieldFault } from '../../platform/http/problem.js';
import type { Actor } from '../access/access.port.js';
import type { ProviderMetadata } from './discovery.policy.js';
import { DiscoveryRefusedError, DiscoveryService } from './discovery.service.js';
import type { CreateProvider, UpdateProvider } from './dto/provider-input.dto.js';
import type { ProviderView } from './dto/provider-view.dto.js';
import { filled } from './preset-template.policy.js';
import { presetOf } from './presets/presets.policy.js';
import { ProviderEntity } from './provider.entity.js';
import { ProviderHttpError } from './provider-http.errors.js';
import { ProviderRepository } from './provider.repository.js';
import { discoveredSettings, newSettings, providerOf, updatedSettings } from './provider-settings.policy.js';
import type { SettingsResult } from './provider-settings.policy.js';
import { PROVIDERS } from './provider-settings.port.js';
import type { Provider, ProviderSettings, ProvidersSnapshot } from './provider-settings.port.js';
import { providerViewOf } from './provider-view.policy.js';
import { missingEndpointsOf } from './provider-warnings.policy.js';

export const CALLBACK_PATH = 'restgate/oauth/callback';
const MOST_PROVIDERS = 50;
const FIRST_ORDER = 100;

type Change = { readonly before?: ProviderEntity; readonly after?: ProviderEntity };

/** The configured providers: their settings, and their place in the snapshot. */
@Injectable()
export class ProvidersService {
  private readonly stored = new WeakMap<Provider, string>();

  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    private readonly repository: ProviderRepository,
    private readonly discovery: DiscoveryService,
    @Inject(SECRET_BOX) private readonly box: SecretBox,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    changeFeed.register(PROVIDERS, (previous) => this.load(previous));
  }

  get publicUrl(): string {
    return this.config.publicUrl;
  }

  get redirectUri(): string {
    return `${this.config.publicUrl}/${CALLBACK_PATH}`;
  }

  async list(): Promise<ProviderView[]> {
    return (await this.repository.all()).map((entity) => this.view(entity));
  }

  async get(id: string): Promise<ProviderView> {
    return this.view(await this.stored404(id));
  }

  /** The provider that is in force, with its secret opened. Throws 404. */
  current(id: string): Provider {
    const provider = PROVIDERS.of(this.changeFeed.current).byId.get(id);
    if (!provider) throw notFound(`Provider ${id}`);
    return provider;
  }

  async create(input: CreateProvider, actor: Actor): Promise<ProviderView> {
    const result = newSettings(presetOf(input.preset), input, this.config.providerAllowedHosts);
    const settings = await this.completed(result, input.preset, true);
    const id = uuid();
    const entity = Object.assign(new ProviderEntity(), {
      id,
      name: input.name.trim(),
      preset: input.preset,
      enabled: input.enabled ?? true,
      clientId: input.clientId,
      clientSecret: this.sealed(id, input.clientSecret),
      settings,
      order: input.order ?? FIRST_ORDER,
      createdAt: new Date(),
      updatedAt: new Date(),
    });
    const work = async (manager: EntityManager): Promise<Change> => {
      if ((await this.repository.count(manager)) >= MOST_PROVIDERS) {
        throw new ProblemError(409, 'limit_reached', `There are already ${MOST_PROVIDERS} providers.`);
      }
      await this.demandFreeName(entity, manager);
      return { after: await this.repository.save(entity, manager) };
    };
    await this.changeFeed.change(work, (change) => this.described(id, change, actor));
    return this.view(entity);
  }

  async update(id: string, input: UpdateProvider, actor: Actor): Promise<ProviderView> {
    const current = await this.stored404(id);
    const preset = presetOf(current.preset);
    const result = updatedSettings(preset, current.settings, input, this.config.providerAllowedHosts);
    const settings = await this.completed(result, current.preset, input.issuer !== undefined);
    return this.write(id, actor, (entity) => {
      entity.settings = settings;
      entity.name = input.name?.trim() ?? entity.name;
      entity.enabled = input.enabled ?? entity.enabled;
      entity.clientId = input.clientId ?? entity.clientId;
      entity.order = input.order ?? entity.order;
      if (input.clientSecret !== undefined) entity.clientSecret = this.sealed(id, input.clientSecret);
    });
  }

  async remove(id: string, actor: Actor): Promise<void> {
    const work = async (manager: EntityManager): Promise<Change> => {
      const before = await this.stored404(id, manager);
      await this.repository.remove(id, manager);
      return { before };
    };
    await this.changeFeed.change(work, (change) => this.described(id, change, actor));
  }

  /** Fills endpoints from the issuer's metadata. 400 when it must not be used, 502 when it cannot be had. */
  async discover(id: string, actor: Actor): Promise<ProviderView> {
    const { settings, preset } = await this.stored404(id);
    if (settings.issuer === undefined) throw invalidField('issuer', 'is needed for discovery.');
    const metadata = await this.metadataOf(settings.issuer, metadataUrlOf(preset, settings));
    return this.write(id, actor, (entity) => {
      entity.settings = discoveredSettings(entity.settings, metadata);
    });
  }

  private async write(
    id: string,
    actor: Actor,
    alter: (entity: ProviderEntity) => void,
  ): Promise<ProviderView> {
    const work = async (manager: EntityManager): Promise<Required<Change>> => {
      const entity = await this.stored404(id, manager);
      const before = Object.assign(new ProviderEntity(), entity);
      alter(entity);
      entity.updatedAt = new Date();
      await this.demandFreeName(entity, manager);
      return { before, after: await this.repository.save(entity, manager) };
    };
    const { after } = await this.changeFeed.change(work, (change) => this.described(id, change, actor));
    return this.view(after);
  }

  /** Throws 400 with every fault; fills missing endpoints by discovery when the issuer answers. */
  private async completed(
    result: SettingsResult,
    presetId: string,
    mayDiscover: boolean,
  ): Promise<ProviderSettings> {
    const discoverable =
      mayDiscover && result.settings.issuer !== undefined && lacksEndpoints(result.settings);
    const blocking = result.faults.filter((fault) => !discoverable || fault.field !== 'audienceCheck');
    if (blocking.length > 0) throw invalid(blocking);
    const settings = discoverable ? await this.discovered(result.settings) : result.settings;
    if (settings.issuer === undefined) {
      const missing = missingEndpointsOf(settings).map((name) => ({
        field: `endpoints.${name}`,
        message: 'is needed.',
      }));
      if (missing.length > 0 && presetOf(presetId).id === 'custom-oidc')
        throw invalidField('issuer', 'is needed.');
      if (missing.length > 0) throw invalid(missing);
    }
    const late = discoverable ? result.faults.filter((fault) => fault.field === 'audienceCheck') : [];
    if (late.length > 0 && settings.endpoints.introspection === undefined) throw invalid(late);
    return settings;
  }

  /** What the admin typed wins over the metadata. A provider that is away does not hinder saving. */
  private async discovered(settings: ProviderSettings): Promise<ProviderSettings> {
    try {
      const found = discoveredSettings(settings, await this.discovery.discover(settings.issuer ?? ''));
      return { ...found, endpoints: { ...found.endpoints, ...settings.endpoints } };
    } catch (error) {
      if (error instanceof DiscoveryRefusedError) throw invalidField('issuer', error.message);
      if (error instanceof ProviderHttpError) return settings;
      throw error;
    }
  }

  private async metadataOf(issuer: string, url: string | undefined): Promise<ProviderMetadata> {
    try {
      return await this.discovery.discover(issuer, url);
    } catch (error) {
      if (error instanceof DiscoveryRefusedError) throw invalidField('issuer', error.message);
      if (error instanceof ProviderHttpError)
        throw new ProblemError(502, 'provider_unavailable', error.message);
      throw error;
    }
  }

  private async load(previous: ProvidersSnapshot): Promise<ProvidersSnapshot> {
    const providers = (await this.repository.all()).map((entity) => this.loaded(entity, previous));
    return {
      byId: new Map(providers.map((provider) => [provider.id, provider])),
      enabled: providers.filter((provider) => provider.enabled),
    };
  }

  /** An unchanged provider keeps its object, and with it what was cached for it. */
  private loaded(entity: ProviderEntity, previous: ProvidersSnapshot): Provider {
    const text = JSON.stringify(entity);
    const known = previous.byId.get(entity.id);
    if (known && this.stored.get(known) === text) return known;
    const secret =
      entity.clientSecret === null ? undefined : this.box.open(entity.clientSecret, purposeOf(entity.id));
    const provider = providerOf(entity, secret);
    this.stored.set(provider, text);
    return provider;
  }

  private sealed(id: string, secret: string | null | undefined): string | null {
    return secret === undefined || secret === null || secret === ''
      ? null
      : this.box.seal(secret, purposeOf(id));
  }

  private async stored404(id: string, manager?: EntityManager): Promise<ProviderEntity> {
    const entity = await this.repository.find(id, manager);
    if (!entity) throw notFound(`Provider ${id}`);
    return entity;
  }

  private async demandFreeName(entity: ProviderEntity, manager: EntityManager): Promise<void> {
    if (entity.name === '') throw invalidField('name', 'must not be blank.');
    if (!(await this.repository.nameIsTaken(entity.name, entity.id, manager))) return;
    throw new ProblemError(409, 'already_exists', `A provider called ${entity.name} exists already.`);
  }

  private view(entity: ProviderEntity): ProviderView {
    return providerViewOf(entity, this.redirectUri);
  }

  private described(id: string, { before, after }: Change, actor: Actor): ChangeDescription {
    return {
      topic: PROVIDERS.topic,
      key: id,
      by: actor.username,
      requestId: actor.requestId,
      clientIp: actor.clientIp,
      target: `providers/${after?.name ?? before?.name ?? id}`,
      ...(before ? { before: this.view(before) } : {}),
      ...(after ? { after: this.view(after) } : {}),
    };
  }
}

function purposeOf(id: string): string {
  return `providers/${id}/client-secret`;
}

function metadataUrlOf(presetId: string, settings: ProviderSettings): string | undefined {
  const preset = presetOf(presetId);
  return preset.metadataUrl === undefined
    ? undefined
    : filled(preset.metadataUrl, preset, settings.parameters);
}

function lacksEndpoints(settings: ProviderSettings): boolean {
  const { authorization, token } = settings.endpoints;
  return authorization === undefined || token === undefined || missingEndpointsOf(settings).length > 0;
}

function invalid(faults: readonly FieldFault[]): ProblemError {
  const detail = faults.map((fault) => `${fault.field}: ${fault.message}`).join(' ');
  return new ProblemError(400, 'invalid_request', detail, faults);
}
