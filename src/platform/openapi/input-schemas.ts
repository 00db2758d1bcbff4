import type { OpenAPIObject } from '@nestjs/swagger';

/** A schema of the document, as far as it is looked into here. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  additionalProperties?: boolean | Schema;
  allOf?: Schema[];
  oneOf?: Schema[];
  anyOf?: Schema[];
  enum?: unknown[];
  default?: unknown;
  example?: unknown;
  format?: string;
  minimum?: number;
  [keyword: string]: unknown;
}

const REFERENCE = '#/components/schemas/';

/** The name of the component that a schema refers to. */
export function referenceOf(schema: Schema): string | undefined {
  return schema.$ref?.startsWith(REFERENCE) === true ? schema.$ref.slice(REFERENCE.length) : undefined;
}

/** The schemas inside a schema, references not followed. */
export function partsOf(schema: Schema): Schema[] {
  const { properties = {}, items, additionalProperties, allOf = [], oneOf = [], anyOf = [] } = schema;
  const nested = [items, additionalProperties].filter((part) => typeof part === 'object');
  return [...Object.values(properties), ...nested, ...allOf, ...oneOf, ...anyOf];
}

/** Names of the components that the given schemas are made of, at any depth. */
export function reachable(
  roots: readonly Schema[],
  components: Readonly<Record<string, Schema>>,
): Set<string> {
  const found = new Set<string>();
  const pending = [...roots];
  for (let schema = pending.pop(); schema; schema = pending.pop()) {
    const name = referenceOf(schema);
    const target = name === undefined ? undefined : components[name];
    if (name !== undefined && target && !found.has(name)) {
      found.add(name);
      pending.push(target);
    }
    pending.push(...partsOf(schema));
  }
  return found;
}

/**
 * Makes the schemas of requests say what the validation does: numbers are integers, what has a default may be
 * left out, and unknown fields are refused. What answers are made of as well keeps its `required`, because there
 * everything is present, and stays open for fields to come. `answeredAsSent` names a schema that is answered in the
 * form in which it is sent.
 */
export function completeInputs({ paths, components }: OpenAPIObject, answeredAsSent: string): void {
  const schemas = (components?.schemas ?? {}) as Record<string, Schema>;
  const requests: Schema[] = [];
  const answers: Schema[] = [];
  for (const operation of Object.values(paths).flatMap((item) => Object.values(item) as unknown[])) {
    const { requestBody, parameters = [], responses = {} } = operation as Readonly<Record<string, object>>;
    requests.push(...schemasIn(requestBody), ...schemasIn(parameters));
    answers.push(...schemasIn(responses).filter((schema) => referenceOf(schema) !== answeredAsSent));
  }
  const [inputs, outputs] = [reachable(requests, schemas), reachable(answers, schemas)];
  for (const schema of requests) makeIntegers(schema);
  for (const name of inputs) {
    const schema = schemas[name];
    if (schema === undefined) continue;
    makeIntegers(schema);
    if (!outputs.has(name)) close(schema);
  }
}

/** Every `schema` inside bodies, parameters or answers. */
function schemasIn(value: unknown): Schema[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    key === 'schema' ? [item as Schema] : schemasIn(item),
  );
}

/** No number that is sent here has a fraction. */
function makeIntegers(schema: Schema): void {
  if (schema.type === 'number') schema.type = 'integer';
  else if (Array.isArray(schema.type))
    schema.type = schema.type.map((type) => (type === 'number' ? 'integer' : type));
  for (const part of partsOf(schema)) makeIntegers(part);
}

/** An object takes its own fields only; those that have a default may be left out. */
export function close(schema: Schema): void {
  const { properties } = schema;
  if (!properties) return;
  schema.additionalProperties ??= false;
  const needed = (schema.required ?? []).filter((name) => properties[name]?.default === undefined);
  if (needed.length > 0) schema.required = needed;
  else delete schema.required;
}
