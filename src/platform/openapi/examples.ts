import type { OpenAPIObject } from '@nestjs/swagger';
import { WHOLE_EXAMPLES } from './whole-examples.js';
import { FIELD_EXAMPLES, LEFT_OUT } from './example-values.js';
import { referenceOf } from './input-schemas.js';
import type { Schema } from './input-schemas.js';

interface Place {
  readonly component: string;
  readonly field: string;
}

interface Media {
  readonly schema?: Schema;
  example?: unknown;
}

interface Holder {
  readonly content?: Record<string, Media>;
}

interface Exchanged {
  readonly requestBody?: Holder;
  readonly responses?: Readonly<Record<string, Holder>>;
}

const JSON_LIKE = new Set(['application/json', 'application/yaml', 'application/problem+json']);
const FORMATS: Readonly<Record<string, string>> = {
  uuid: '019508d2-7d2b-7c4e-8f3a-5b6c7d8e9f01',
  'date-time': '2026-03-01T09:00:00.000Z',
  uri: 'https://idp.example.com/',
};

/** Gives every JSON body and answer of the document an example that its schema accepts. */
export function addExamples({ paths, components }: OpenAPIObject): void {
  const schemas = (components?.schemas ?? {}) as Record<string, Schema>;
  for (const operation of Object.values(paths).flatMap((item) => Object.values(item) as unknown[])) {
    const { requestBody, responses = {} } = operation as Exchanged;
    for (const holder of [requestBody, ...Object.values(responses)]) {
      if (holder?.content) addTo(holder.content, schemas);
    }
  }
}

function addTo(content: Record<string, Media>, schemas: Readonly<Record<string, Schema>>): void {
  for (const [type, media] of Object.entries(content)) {
    if (!JSON_LIKE.has(type) || media.example !== undefined || !media.schema) continue;
    media.example = exampleOf(media.schema, schemas, { component: '', field: '' });
  }
}

/** A value that a schema accepts, from what is known of its fields; `null` where nothing is known. */
function exampleOf(schema: Schema, schemas: Readonly<Record<string, Schema>>, place: Place): unknown {
  const name = referenceOf(schema);
  if (name !== undefined) {
    const whole = WHOLE_EXAMPLES[name];
    if (whole !== undefined) return whole;
    return exampleOf(schemas[name] ?? {}, schemas, { component: name, field: '' });
  }
  if (schema.example !== undefined) return schema.example;
  const [first] = [...(schema.allOf ?? []), ...(schema.oneOf ?? []), ...(schema.anyOf ?? [])];
  if (first) return exampleOf(first, schemas, place);
  if (schema.enum) return schema.enum[0];
  const types = [schema.type].flat();
  if (types.includes('array')) {
    const item = exampleOf(schema.items ?? {}, schemas, place);
    return item === null ? [] : [item];
  }
  return schema.properties ? objectOf(schema, schemas, place) : plainOf(schema, types, place);
}

/** Optional fields of which nothing is known are left out. */
function objectOf(schema: Schema, schemas: Readonly<Record<string, Schema>>, { component }: Place): object {
  const { properties = {}, required = [] } = schema;
  const entries: [string, unknown][] = [];
  for (const [field, property] of Object.entries(properties)) {
    if (LEFT_OUT.has(`${component}.${field}`)) continue;
    const value = exampleOf(property, schemas, { component, field });
    if (value !== null || required.includes(field)) entries.push([field, value]);
  }
  return Object.fromEntries(entries);
}

function plainOf(
  schema: Schema,
  types: readonly (string | undefined)[],
  { component, field }: Place,
): unknown {
  for (const key of [`${component}.${field}`, field]) {
    if (key in FIELD_EXAMPLES && (FIELD_EXAMPLES[key] !== null || types.includes('null')))
      return FIELD_EXAMPLES[key];
  }
  if (schema.default !== undefined) return schema.default;
  const format = schema.format === undefined ? undefined : FORMATS[schema.format];
  if (format !== undefined) return format;
  if (types.includes('boolean')) return true;
  if (types.includes('integer') || types.includes('number')) return schema.minimum ?? 1;
  return types.includes('object') ? {} : null;
}
