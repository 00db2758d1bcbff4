import type { PresetView, ProviderView } from './dto/provider-view.dto.js';
import type { Preset } from './presets/preset.policy.js';
import type { ProviderEntity } from './provider.entity.js';
import { warningsOf } from './provider-warnings.policy.js';

/** A provider as answers and the audit log show it: without its secret. */
export function providerViewOf(entity: ProviderEntity, redirectUri: string): ProviderView {
  const { settings } = entity;
  return {
    id: entity.id,
    name: entity.name,
    preset: entity.preset,
    enabled: entity.enabled,
    clientId: entity.clientId,
    clientSecretSet: entity.clientSecret !== null,
    scope: settings.scope,
    endpoints: { ...settings.endpoints },
    issuer: settings.issuer ?? null,
    accessTokenIssuer: settings.accessTokenIssuer ?? null,
    parameters: { ...settings.parameters },
    validation: settings.validation,
    audience: [...settings.audience],
    audienceCheck: settings.audienceCheck,
    usernameAttribute: settings.usernameAttribute,
    userLookup: settings.userLookup,
    usernameTransform: settings.usernameTransform,
    groupsAttribute: settings.groupsAttribute ?? null,
    serviceAccounts: settings.serviceAccounts.map((account) => ({ ...account })),
    acceptPlainJwt: settings.acceptPlainJwt,
    trustUnverifiedEmail: settings.trustUnverifiedEmail,
    maxTokenAgeSeconds: settings.maxTokenAgeSeconds,
    clientAuthentication: settings.clientAuthentication,
    order: entity.order,
    redirectUri,
    warnings: warningsOf({ ...settings, preset: entity.preset }),
    createdAt: entity.createdAt.toISOString(),
    updatedAt: entity.updatedAt.toISOString(),
  };
}

/** A preset as answers show it. */
export function presetViewOf(preset: Preset): PresetView {
  return {
    id: preset.id,
    name: preset.name,
    fields: preset.fields.map((field) => ({
      name: field.name,
      label: field.label,
      kind: field.kind,
      required: field.required,
      default: field.default ?? null,
      choices: field.choices ? [...field.choices] : null,
      description: field.description,
    })),
    endpoints: { ...preset.endpoints },
    issuer: preset.issuer ?? null,
    scope: preset.scope,
    usernameAttribute: preset.usernameAttribute,
    validation: preset.validation,
    audienceCheck: audienceCheckOf(preset),
    clientCredentials: preset.clientCredentials,
    notes: [...preset.notes],
  };
}

function audienceCheckOf(preset: Preset): string {
  if (preset.probe) return preset.probe.name;
  if (preset.validation === 'userinfo') return 'accept-any-client';
  return 'required';
}
