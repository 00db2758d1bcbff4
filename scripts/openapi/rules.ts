/** Rules of the API document that Spectral has no function for. Each answers what is wrong, or nothing. */
import type { IFunctionResult, RulesetFunction } from '@stoplight/spectral-core';

type Schema = Readonly<Record<string, unknown>>;
type Path = readonly (string | number)[];

const PROBLEM = 'application/problem+json';
const BOUNDS_OF_TEXT = ['maxLength', 'format', 'enum', 'const', 'pattern'];
const DEEPEST = 20;

/** Answers of 4xx, 5xx and `default` are problem details, and there is a `default`. */
export const everyErrorIsAProblem: RulesetFunction<unknown, null> = (responses, _options, context) => {
  if (!isObject(responses)) return [];
  const faults: IFunctionResult[] = [];
  if (responses['default'] === undefined) faults.push(fault('There is no default answer.', context.path));
  for (const [status, answer] of Object.entries(responses)) {
    if (!/^(?:[45]|default)/.test(status)) continue;
    const content = isObject(answer) ? answer['content'] : undefined;
    const types = isObject(content) ? Object.keys(content) : [];
    const isStatusOfHealth =
      status === '503' && context.path.some((part) => part === '/restgate/health/ready');
    if (types.join() === PROBLEM || (isStatusOfHealth && types.join() === 'application/json')) continue;
    faults.push(fault(`The answer ${status} is not ${PROBLEM}.`, [...context.path, status]));
  }
  return faults;
};

/** A body comes with an example that is more than `null`. */
export const hasExample: RulesetFunction<unknown, null> = (media, _options, context) => {
  const example = isObject(media) ? media['example'] : undefined;
  return example === undefined || example === null ? [fault('There is no example.', context.path)] : [];
};

/** Whatever is sent has a limit: texts, lists and numbers, at any depth. */
export const isBounded: RulesetFunction<unknown, null> = (schema, _options, context) =>
  isObject(schema) ? unbounded(schema, context.path, 0) : [];

function unbounded(schema: Schema, path: Path, depth: number): IFunctionResult[] {
  if (depth > DEEPEST) return [];
  const types = [schema['type']].flat();
  const faults: IFunctionResult[] = [];
  const chosen = schema['enum'] !== undefined || schema['const'] !== undefined;
  if (types.includes('string') && !BOUNDS_OF_TEXT.some((bound) => schema[bound] !== undefined))
    faults.push(fault('A text needs maxLength, format, enum or pattern.', path));
  if ((types.includes('integer') || types.includes('number')) && !chosen) {
    if (schema['minimum'] === undefined || schema['maximum'] === undefined)
      faults.push(fault('A number needs minimum and maximum.', path));
  }
  if (types.includes('array') && schema['maxItems'] === undefined)
    faults.push(fault('A list needs maxItems.', path));
  const combined = ['allOf', 'oneOf', 'anyOf'].some((key) => Array.isArray(schema[key]));
  if (schema['type'] === undefined && !combined && !chosen) faults.push(fault('A value needs a type.', path));
  if (schema['additionalProperties'] === true) faults.push(fault('Any field at all is taken.', path));
  for (const [part, at] of partsOf(schema, path)) faults.push(...unbounded(part, at, depth + 1));
  return faults;
}

function partsOf(schema: Schema, path: Path): [Schema, Path][] {
  const parts: [unknown, Path][] = [
    [schema['items'], [...path, 'items']],
    [schema['additionalProperties'], [...path, 'additionalProperties']],
  ];
  for (const key of ['allOf', 'oneOf', 'anyOf', 'properties']) {
    const group = schema[key];
    if (typeof group !== 'object' || group === null) continue;
    for (const [name, part] of Object.entries(group)) parts.push([part, [...path, key, name]]);
  }
  return parts.filter((entry): entry is [Schema, Path] => isObject(entry[0]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fault(message: string, path: Path): IFunctionResult {
  return { message, path: [...path] };
}
