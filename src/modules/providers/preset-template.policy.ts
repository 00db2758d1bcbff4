import type { FieldFault } from '../../platform/http/problem.js';
import type { Preset, PresetField } from './presets/preset.policy.js';
import { ENDPOINT_NAMES } from './provider-settings.port.js';
import type { EndpointName, ProviderEndpoints } from './provider-settings.port.js';

const LONGEST_VALUE = 500;
const HOST = /^(?=.{1,253}(:|$))[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:\d{1,5})?$/;
const BASE_URL = /^https?:\/\/[^\s?#@\\]+$/;

export type Parameters = Readonly<Record<string, string>>;

/** The given values with defaults for what was left out; faults for what is missing, unknown or not usable. */
export function parametersOf(
  preset: Preset,
  given: Parameters,
): { readonly parameters: Parameters; readonly faults: readonly FieldFault[] } {
  const faults: FieldFault[] = [];
  const parameters: Record<string, string> = {};
  const known = new Set(preset.fields.map((field) => field.name));
  for (const name of Object.keys(given)) {
    if (!known.has(name))
      faults.push({ field: `parameters.${name}`, message: 'is not a field of this preset.' });
  }
  for (const field of preset.fields) {
    const value = Object.hasOwn(given, field.name) ? given[field.name] : undefined;
    const text = value ?? field.default;
    if (text === undefined || text === '') {
      if (field.required)
        faults.push({ field: `parameters.${field.name}`, message: `is needed: ${field.description}` });
      continue;
    }
    const fault = faultOfValue(field, text);
    if (fault === undefined) parameters[field.name] = text;
    else faults.push({ field: `parameters.${field.name}`, message: fault });
  }
  return { parameters, faults };
}

function faultOfValue(field: PresetField, value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > LONGEST_VALUE)
    return `must be text of at most ${LONGEST_VALUE} characters.`;
  if (field.pattern && !field.pattern.test(value)) return `does not look right: ${field.description}`;
  if (field.kind === 'host' && !HOST.test(value)) return 'must be a host name, without https://.';
  if (field.kind === 'url' && !BASE_URL.test(value)) return 'must be a URL that starts with https://.';
  if (field.kind === 'choice' && !(field.choices ?? []).includes(value))
    return `must be one of ${field.choices?.join(', ')}.`;
  return undefined;
}

/** A template with its fields filled in; undefined when one of its fields has no value. */
export function filled(
  template: string,
  preset: Preset,
  parameters: Parameters,
  encode = true,
): string | undefined {
  let complete = true;
  const text = template.replace(/\{([A-Za-z]+)\}/g, (whole, name: string) => {
    const field = preset.fields.find((candidate) => candidate.name === name);
    if (!field) return whole;
    const value = parameters[name];
    if (value === undefined) complete = false;
    return encode && field.kind === 'text'
      ? encodeURIComponent(value ?? '')
      : (value ?? '').replace(/\/+$/, '');
  });
  return complete ? text : undefined;
}

/** The preset's endpoints for these parameters. */
export function presetEndpoints(preset: Preset, parameters: Parameters): ProviderEndpoints {
  const endpoints: { -readonly [name in EndpointName]?: string } = {};
  for (const name of ENDPOINT_NAMES) {
    const template = preset.endpoints[name];
    const url = template === undefined ? undefined : filled(template, preset, parameters);
    if (url !== undefined) endpoints[name] = url;
  }
  return endpoints;
}

/** The preset's additional parameters of authorization and token requests, filled in; those without value are left out. */
export function filledParameters(
  templates: Parameters | undefined,
  preset: Preset,
  parameters: Parameters,
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, template] of Object.entries(templates ?? {})) {
    const value = filled(template, preset, parameters, false);
    if (value !== undefined && value !== '') result[name] = value;
  }
  return result;
}
