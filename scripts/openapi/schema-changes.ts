/** What of a changed schema breaks a program that was written for the old one. */
export type Schema = Readonly<Record<string, unknown>>;
export type Schemas = Readonly<Record<string, Schema>>;
/** `sent`: programs send it, so it must not take less. `received`: programs read it, so it must not promise less. */
export type Direction = 'sent' | 'received';

export interface Sides {
  readonly old: Schemas;
  readonly new: Schemas;
}

/** Keyword, and whether a larger value takes less. */
const LIMITS: Readonly<Record<string, boolean>> = {
  minLength: true,
  minItems: true,
  minimum: true,
  maxLength: false,
  maxItems: false,
  maximum: false,
};
const ALTERNATIVES = ['oneOf', 'anyOf', 'allOf'] as const;

/** The breaking changes between two schemas, each with the place inside them. */
export function schemaChanges(before: Schema, after: Schema, direction: Direction, sides: Sides): string[] {
  return compare(before, after, '', { direction, sides, seen: new Set() });
}

interface Comparison {
  readonly direction: Direction;
  readonly sides: Sides;
  /** Pairs of components that were met before: each is reported once, and circles end. */
  readonly seen: Set<string>;
}

function compare(before: Schema, after: Schema, place: string, comparison: Comparison): string[] {
  if (before['$ref'] !== undefined && after['$ref'] !== undefined) {
    const pair = JSON.stringify([before['$ref'], after['$ref']]);
    if (comparison.seen.has(pair)) return [];
    comparison.seen.add(pair);
  }
  const [was, is] = [resolved(before, comparison.sides.old), resolved(after, comparison.sides.new)];
  const say = (text: string): string => `${place === '' ? 'the whole' : place}: ${text}`;
  const alternatives = alternativeChanges(was, is, place, comparison);
  if (alternatives) return alternatives;
  return [
    ...typeChanges(was, is, comparison.direction).map(say),
    ...enumChanges(was, is, comparison.direction).map(say),
    ...(comparison.direction === 'sent' ? limitChanges(was, is).map(say) : []),
    ...propertyChanges(was, is, place, comparison),
    ...partChanges('items', was, is, `${place}[]`, comparison),
    ...partChanges('additionalProperties', was, is, `${place}.*`, comparison),
  ];
}

/** Follows references and `allOf` of a single schema. */
function resolved(schema: Schema, schemas: Schemas): Schema {
  const reference = schema['$ref'];
  if (typeof reference === 'string') {
    const target = schemas[reference.slice(reference.lastIndexOf('/') + 1)];
    if (!target) throw new Error(`The document has no ${reference}.`);
    return resolved(target, schemas);
  }
  const { allOf, ...rest } = schema;
  const [only, ...others] = Array.isArray(allOf) ? (allOf as Schema[]) : [];
  return only && others.length === 0 ? { ...resolved(only, schemas), ...rest } : schema;
}

function alternativeChanges(
  was: Schema,
  is: Schema,
  place: string,
  comparison: Comparison,
): string[] | undefined {
  const key = ALTERNATIVES.find((name) => was[name] !== undefined || is[name] !== undefined);
  if (key === undefined) return undefined;
  const [old, now] = [was[key], is[key]];
  if (!Array.isArray(old) || !Array.isArray(now)) return [`${place}: ${key} came or went`];
  const forms = now as Schema[];
  return (old as Schema[]).flatMap((form, index) => {
    const name = nameOf(form, index);
    const match = forms.find((candidate, i) => nameOf(candidate, i) === name);
    if (!match) return comparison.direction === 'sent' ? [`${place}: the form ${name} is gone`] : [];
    return compare(form, match, `${place}(${name})`, comparison);
  });
}

/** What tells one form from the others: its reference, its constant, its type, or at last its place. */
function nameOf(form: Schema, index: number): string {
  if (typeof form['$ref'] === 'string') return form['$ref'];
  const properties = (form['properties'] ?? {}) as Schemas;
  for (const [name, property] of Object.entries(properties)) {
    const values = property['enum'];
    if (Array.isArray(values) && values.length === 1) return `${name}=${String(values[0])}`;
  }
  return typeof form['type'] === 'string' && form['type'] !== 'object' ? form['type'] : String(index);
}

function typeChanges(was: Schema, is: Schema, direction: Direction): string[] {
  const [old, now] = [typesOf(was), typesOf(is)];
  // `sent`: each old type must still be taken. `received`: each new type must have been known.
  const [needed, given] = direction === 'sent' ? [old, now] : [now, old];
  if (given.length === 0) return [];
  if (needed.length === 0) return [`the type is ${now.join(' or ') || 'anything'} now`];
  const lost = needed.filter(
    (type) => !given.includes(type) && !(type === 'integer' && given.includes('number')),
  );
  return lost.length === 0 ? [] : [`the type was ${old.join(' or ')} and is ${now.join(' or ')}`];
}

function typesOf(schema: Schema): string[] {
  return [schema['type']].flat().filter((type) => typeof type === 'string');
}

function enumChanges(was: Schema, is: Schema, direction: Direction): string[] {
  const [old, now] = [was['enum'], is['enum']];
  if (!Array.isArray(old))
    return Array.isArray(now) && direction === 'sent' ? ['only some values are taken now'] : [];
  if (!Array.isArray(now)) return direction === 'received' ? ['it may be any value now'] : [];
  return old.filter((value) => !now.includes(value)).map((value) => `the value ${String(value)} is gone`);
}

function limitChanges(was: Schema, is: Schema): string[] {
  const changes: string[] = [];
  for (const [limit, largerIsNarrower] of Object.entries(LIMITS)) {
    const [old, now] = [was[limit], is[limit]];
    if (typeof now !== 'number') continue;
    if (typeof old !== 'number' || (largerIsNarrower ? now > old : now < old))
      changes.push(`${limit} is ${now} now`);
  }
  for (const rule of ['pattern', 'format', 'uniqueItems']) {
    const now = is[rule];
    if (now !== undefined && now !== false && now !== was[rule])
      changes.push(`${rule} is ${JSON.stringify(now)} now`);
  }
  const closed = was['additionalProperties'] !== false && is['additionalProperties'] === false;
  if (closed && was['properties'] === undefined) changes.push('only known fields are taken now');
  return changes;
}

function propertyChanges(was: Schema, is: Schema, place: string, comparison: Comparison): string[] {
  const [old, now] = [(was['properties'] ?? {}) as Schemas, (is['properties'] ?? {}) as Schemas];
  const [neededOnce, neededNow] = [requiredOf(was), requiredOf(is)];
  const changes: string[] = [];
  for (const [name, schema] of Object.entries(old)) {
    const at = place === '' ? name : `${place}.${name}`;
    const present = now[name];
    if (!present) changes.push(`${at}: the field is gone`);
    else changes.push(...compare(schema, present, at, comparison));
    if (present && comparison.direction === 'received' && neededOnce.has(name) && !neededNow.has(name))
      changes.push(`${at}: the field may be absent now`);
  }
  if (comparison.direction === 'sent') {
    for (const name of neededNow) {
      if (!neededOnce.has(name))
        changes.push(`${place === '' ? name : `${place}.${name}`}: the field is needed now`);
    }
  }
  return changes;
}

function requiredOf(schema: Schema): Set<string> {
  return new Set((schema['required'] as string[] | undefined) ?? []);
}

function partChanges(
  key: 'items' | 'additionalProperties',
  was: Schema,
  is: Schema,
  place: string,
  comparison: Comparison,
): string[] {
  const [old, now] = [was[key], is[key]];
  if (!isSchema(old) || !isSchema(now)) return [];
  return compare(old, now, place, comparison);
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null;
}
