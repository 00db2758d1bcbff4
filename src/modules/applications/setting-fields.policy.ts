import type { FieldFault } from '../../platform/http/problem.js';

/** Collects what is wrong with fields, each with its path. */
export type Faults = FieldFault[];

export interface TextRule {
  readonly longest: number;
  readonly pattern?: RegExp;
  /** Completes "must ...". */
  readonly must?: string;
}

export type Fields = Readonly<Record<string, unknown>>;

/** Printable ASCII without spaces: safe in every HTTP field. */
export const TOKEN_TEXT: TextRule = {
  longest: 1000,
  pattern: /^[\x21-\x7e]+$/,
  must: 'be printable ASCII without spaces',
};

/** True for a plain JSON object. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Notes every field that is not among `known`. */
export function refuseUnknown(fields: Fields, known: readonly string[], path: string, faults: Faults): void {
  for (const name of Object.keys(fields)) {
    if (!known.includes(name)) faults.push({ field: `${path}.${name}`, message: 'is not a field here' });
  }
}

/** A text field; undefined when it is absent or null, or faulty (then the fault is noted). */
export function optionalText(
  fields: Fields,
  name: string,
  rule: TextRule,
  path: string,
  faults: Faults,
): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  const fault = textFault(value, rule);
  if (fault === undefined) return value as string;
  faults.push({ field: `${path}.${name}`, message: fault });
  return undefined;
}

/** A text field that must be there. */
export function requiredText(
  fields: Fields,
  name: string,
  rule: TextRule,
  path: string,
  faults: Faults,
): string {
  if (fields[name] === undefined || fields[name] === null) {
    faults.push({ field: `${path}.${name}`, message: 'is needed' });
    return '';
  }
  return optionalText(fields, name, rule, path, faults) ?? '';
}

/** A secret: absent keeps the stored one, null removes it. */
export function secretText(
  fields: Fields,
  name: string,
  stored: string | undefined,
  path: string,
  faults: Faults,
  rule: TextRule = TOKEN_TEXT,
): string | undefined {
  return fields[name] === undefined ? stored : optionalText(fields, name, rule, path, faults);
}

function textFault(value: unknown, rule: TextRule): string | undefined {
  if (typeof value !== 'string') return 'must be a text';
  if (value === '') return 'must not be empty';
  if (value.length > rule.longest) return `must not be longer than ${rule.longest} characters`;
  if (rule.pattern && !rule.pattern.test(value)) return `must ${rule.must ?? 'have the right form'}`;
  return undefined;
}
