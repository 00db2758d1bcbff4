import { isDeepStrictEqual } from 'node:util';
import type { ClassConstructor } from 'class-transformer';
import { MOST_CONFIGURATION_ITEMS } from '../../lib/configuration-format.js';
import { ProblemError } from '../../platform/http/problem.js';
import { validated } from '../../platform/http/validated.js';
import type { ApplyContext, ConfigurationSection } from './configuration.port.js';
import { plain } from './settings-section.port.js';

type Operation = () => Promise<unknown>;

export interface CollectionSectionOptions<T extends object> {
  /** Key in the document, camelCase. */
  readonly name: string;
  readonly order: number;
  /** Field that names an item. */
  readonly key: string & keyof T;
  /** What the API takes to create an item; checks the items of the document too. */
  readonly input: ClassConstructor<T>;
  /** The stored items in the form of `input`, without secrets, in a fixed order. */
  readonly read: () => Promise<readonly object[]>;
  readonly create: (item: T, context: ApplyContext) => Promise<unknown>;
  readonly update: (key: string, item: T, context: ApplyContext) => Promise<unknown>;
  readonly remove: (key: string, context: ApplyContext) => Promise<unknown>;
}

interface WantedItem<T> {
  readonly item: T;
  /** As the document says it. */
  readonly raw: unknown;
}

/**
 * The section of a list of items that have a name of their own. Items that the document leaves out are
 * deleted; items that are as stored are left alone.
 */
export function collectionSection<T extends object>(
  options: CollectionSectionOptions<T>,
): ConfigurationSection {
  const { name, order } = options;
  const stored = async (): Promise<readonly object[]> => plain(await options.read());
  return {
    name,
    order,
    export: stored,
    async apply(document, context) {
      const wanted = await checkedItems(document, options);
      await inAnyOrder(operationsFor(wanted, (await stored()) as T[], options, context));
    },
  };
}

function operationsFor<T extends object>(
  wanted: ReadonlyMap<string, WantedItem<T>>,
  stored: readonly T[],
  { key, create, update, remove }: CollectionSectionOptions<T>,
  context: ApplyContext,
): Operation[] {
  const before = new Map(stored.map((item) => [String(item[key]), item]));
  const operations: Operation[] = [];
  for (const [name, { item, raw }] of wanted) {
    if (!before.has(name) || isDeepStrictEqual(before.get(name), raw)) continue;
    operations.push(() => named(name, () => update(name, item, context)));
  }
  for (const name of before.keys()) {
    if (!wanted.has(name)) operations.push(() => named(name, () => remove(name, context)));
  }
  for (const [name, { item }] of wanted) {
    if (!before.has(name)) operations.push(() => named(name, () => create(item, context)));
  }
  return operations;
}

async function checkedItems<T extends object>(
  document: unknown,
  { key, input }: CollectionSectionOptions<T>,
): Promise<Map<string, WantedItem<T>>> {
  if (!Array.isArray(document) || document.length > MOST_CONFIGURATION_ITEMS) {
    const message = `must be a list of at most ${MOST_CONFIGURATION_ITEMS} items`;
    throw new ProblemError(400, 'invalid_request', message, [{ field: '', message }]);
  }
  const items = new Map<string, WantedItem<T>>();
  for (const [index, raw] of document.entries()) {
    const item = await named(String(index), () => validated(input, raw));
    const name = String(item[key]);
    if (items.has(name)) {
      const message = `is in the list twice: ${name}`;
      throw new ProblemError(400, 'invalid_request', message, [{ field: `${index}.${key}`, message }]);
    }
    items.set(name, { item, raw });
  }
  return items;
}

/** An item as the API shows it, without the fields that the API does not take. */
export function without(item: object, fields: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(item).filter(([field]) => !fields.includes(field)));
}

/** Names the item in the faults of a refusal. */
async function named<R>(item: string, work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const { status, code, detail, errors = [{ field: '', message: detail }], headers } = error;
    const faults = errors.map(({ field, message }) => ({
      field: field ? `${item}.${field}` : item,
      message,
    }));
    throw new ProblemError(status, code, `${item}: ${detail}`, faults, headers);
  }
}

/**
 * Items may need each other: what is refused is tried again after the others, as long as that gets anywhere.
 * Refusals happen before anything is written, so trying again is safe.
 */
async function inAnyOrder(operations: readonly Operation[]): Promise<void> {
  let pending = operations;
  while (pending.length > 0) {
    const refused: { operation: Operation; error: ProblemError }[] = [];
    for (const operation of pending) {
      const error = await refusalOf(operation);
      if (error) refused.push({ operation, error });
    }
    if (refused.length === pending.length && refused[0]) throw refused[0].error;
    pending = refused.map(({ operation }) => operation);
  }
}

async function refusalOf(operation: Operation): Promise<ProblemError | undefined> {
  try {
    await operation();
    return undefined;
  } catch (error) {
    if (error instanceof ProblemError) return error;
    throw error;
  }
}
