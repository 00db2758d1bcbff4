import type { FieldFault } from '../../platform/http/problem.js';
import type { ProviderMetadata } from './discovery.policy.js';
import type { ProviderEntity } from './provider.entity.js';
import type { ProviderInput } from './dto/provider-input.dto.js';
import { filled, parametersOf, presetEndpoints } from './preset-template.policy.js';
import type { Parameters } from './preset-template.policy.js';
import type { Preset } from './presets/preset.policy.js';
import { presetOf } from './presets/presets.policy.js';
import { faultOfUrl } from './provider-address.policy.js';
import { ENDPOINT_NAMES } from './provider-settings.port.js';
import type {
  EndpointName,
  Provider,
  ProviderEndpoints,
  ProviderSettings,
} from './provider-settings.port.js';
import { provesAudience } from './provider-warnings.policy.js';
import { isSaneName } from './user-name.policy.js';

const DAY_SECONDS = 24 * 3600;

export interface SettingsResult {
  readonly settings: ProviderSettings;
  readonly faults: readonly FieldFault[];
}

/** The settings of a new provider: what the preset says, with what the admin gave in its place. */
export function newSettings(
  preset: Preset,
  input: ProviderInput,
  allowedHosts: readonly string[],
): SettingsResult {
  const { parameters, faults } = parametersOf(preset, input.parameters ?? {});
  const base: ProviderSettings = {
    scope: filled(preset.scope, preset, parameters, false) ?? 'openid',
    endpoints: presetEndpoints(preset, parameters),
    ...optional('issuer', preset.issuerOf?.(parameters) ?? filledIn(preset.issuer, preset, parameters)),
    ...optional('accessTokenIssuer', filledIn(preset.accessTokenIssuer, preset, parameters)),
    parameters,
    validation: preset.validation,
    audience: (preset.audience ?? []).flatMap(
      (template) => filled(template, preset, parameters, false) ?? [],
    ),
    audienceCheck: 'required',
    usernameAttribute: preset.usernameAttribute,
    userLookup: preset.userLookup ?? 'username',
    usernameTransform: 'none',
    serviceAccounts: [],
    acceptPlainJwt: preset.acceptPlainJwt,
    trustUnverifiedEmail: false,
    maxTokenAgeSeconds: DAY_SECONDS,
    clientAuthentication: preset.clientAuthentication,
  };
  return checked(changed(base, input), preset, faults, allowedHosts);
}

/** Changed settings. New parameters fill the preset's templates anew, before the endpoints that were given. */
export function updatedSettings(
  preset: Preset,
  current: ProviderSettings,
  input: ProviderInput,
  allowedHosts: readonly string[],
): SettingsResult {
  if (input.parameters === undefined) return checked(changed(current, input), preset, [], allowedHosts);
  const fresh = newSettings(
    preset,
    { parameters: { ...current.parameters, ...input.parameters } },
    allowedHosts,
  );
  const { endpoints, issuer, accessTokenIssuer, parameters } = fresh.settings;
  const base = {
    ...current,
    parameters,
    endpoints: { ...current.endpoints, ...endpoints },
    ...optional('issuer', issuer),
    ...optional('accessTokenIssuer', accessTokenIssuer),
  };
  const faults = fresh.faults.filter((fault) => fault.field.startsWith('parameters'));
  return checked(changed(base, input), preset, faults, allowedHosts);
}

/** Endpoints that discovery found; those that are not in the metadata stay as they are. */
export function discoveredSettings(current: ProviderSettings, metadata: ProviderMetadata): ProviderSettings {
  return {
    ...current,
    endpoints: { ...current.endpoints, ...metadata.endpoints },
    ...optional('issuer', metadata.issuer),
    ...optional('accessTokenIssuer', metadata.accessTokenIssuer ?? current.accessTokenIssuer),
    clientAuthentication: metadata.clientAuthentication ?? current.clientAuthentication,
    sendsIssuer: metadata.sendsIssuer,
  };
}

function changed(base: ProviderSettings, input: ProviderInput): ProviderSettings {
  const result: Record<string, unknown> = { ...base };
  const plain = [
    'scope',
    'validation',
    'audience',
    'audienceCheck',
    'usernameAttribute',
    'userLookup',
    'usernameTransform',
    'acceptPlainJwt',
    'trustUnverifiedEmail',
    'maxTokenAgeSeconds',
    'clientAuthentication',
  ] as const;
  for (const name of plain) if (input[name] !== undefined && input[name] !== null) result[name] = input[name];
  for (const name of ['issuer', 'accessTokenIssuer', 'groupsAttribute'] as const) {
    if (input[name] === null || input[name] === '') delete result[name];
    else if (input[name] !== undefined) result[name] = input[name];
  }
  if (input.serviceAccounts) {
    result['serviceAccounts'] = input.serviceAccounts.map(({ clientId, username }) => ({
      clientId,
      username,
    }));
  }
  result['endpoints'] = changedEndpoints(base.endpoints, input.endpoints);
  return result as unknown as ProviderSettings;
}

function changedEndpoints(current: ProviderEndpoints, input: ProviderInput['endpoints']): ProviderEndpoints {
  const endpoints: { -readonly [name in EndpointName]?: string } = { ...current };
  for (const name of ENDPOINT_NAMES) {
    const url = input?.[name];
    if (url === null || url === '') delete endpoints[name];
    else if (url !== undefined) endpoints[name] = url;
  }
  return endpoints;
}

function checked(
  settings: ProviderSettings,
  preset: Preset,
  before: readonly FieldFault[],
  allowedHosts: readonly string[],
): SettingsResult {
  const faults = [...before];
  for (const name of ENDPOINT_NAMES) {
    const url = settings.endpoints[name];
    const fault = url === undefined ? undefined : faultOfUrl(url, allowedHosts);
    if (fault !== undefined) faults.push({ field: `endpoints.${name}`, message: fault });
  }
  const issuerFault =
    settings.issuer === undefined ? undefined : faultOfIssuer(settings.issuer, allowedHosts);
  if (issuerFault !== undefined) faults.push({ field: 'issuer', message: issuerFault });
  settings.serviceAccounts.forEach((account, index) => {
    if (!isSaneName(account.username))
      faults.push({ field: `serviceAccounts.${index}.username`, message: 'is not a plain user name.' });
  });
  const ids = settings.serviceAccounts.map((account) => account.clientId);
  if (new Set(ids).size < ids.length)
    faults.push({ field: 'serviceAccounts', message: 'names a client id twice.' });
  if (preset.probe && settings.validation.endsWith('introspection')) {
    faults.push({
      field: 'validation',
      message: 'This provider has no RFC 7662 introspection; choose "userinfo".',
    });
  }
  if (settings.audienceCheck === 'required' && !provesAudience({ ...settings, preset: preset.id })) {
    faults.push({
      field: 'audienceCheck',
      message:
        'User info alone cannot prove that a token was issued to this client. Add an introspection endpoint, choose another validation, or accept the risk with "accept-any-client".',
    });
  }
  return { settings, faults };
}

function faultOfIssuer(issuer: string, allowedHosts: readonly string[]): string | undefined {
  return faultOfUrl(issuer.replace('{tenantid}', 'tenant'), allowedHosts);
}

function filledIn(template: string | undefined, preset: Preset, parameters: Parameters): string | undefined {
  return template === undefined ? undefined : filled(template, preset, parameters);
}

function optional<K extends string>(name: K, value: string | undefined): { [key in K]?: string } {
  return (value === undefined ? {} : { [name]: value }) as { [key in K]?: string };
}

/** A stored provider, ready for use. `clientSecret` is the opened one. */
export function providerOf(entity: ProviderEntity, clientSecret: string | undefined): Provider {
  const preset = presetOf(entity.preset);
  const { settings } = entity;
  const others = (preset.otherIssuers ?? []).map((template) => filled(template, preset, settings.parameters));
  const issuers = [settings.issuer, settings.accessTokenIssuer, ...others].filter(
    (issuer) => issuer !== undefined,
  );
  return {
    ...settings,
    id: entity.id,
    name: entity.name,
    preset: entity.preset,
    enabled: entity.enabled,
    clientId: entity.clientId,
    ...(clientSecret === undefined ? {} : { clientSecret }),
    order: entity.order,
    issuers: [...new Set(issuers)],
    audiences: new Set([entity.clientId, ...settings.audience]),
    machines: new Map(settings.serviceAccounts.map((account) => [account.clientId, account.username])),
  };
}
