/** What of a changed API breaks a program that was written for the old one. */
import { schemaChanges } from './schema-changes.js';
import type { Direction, Schema, Schemas, Sides } from './schema-changes.js';

/** An OpenAPI document, as far as it is compared. */
export interface Api {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Schemas };
}

export interface Operation {
  readonly operationId: string;
  readonly 'x-access'?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, Answer>>;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema?: Schema;
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

interface Answer {
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Content;
}

export interface BreakingChange {
  /** Of the old document. */
  readonly operationId: string;
  readonly what: string;
}

const ACCESS = ['public', 'user', 'auditor', 'admin'];

/** Every breaking change, in the order of the old document. Throws for references that lead nowhere. */
export function breakingChanges(before: Api, after: Api): BreakingChange[] {
  const sides: Sides = { old: before.components?.schemas ?? {}, new: after.components?.schemas ?? {} };
  const changes: BreakingChange[] = [];
  for (const [path, item] of Object.entries(before.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const present = after.paths[path]?.[method];
      const found = present
        ? operationChanges(operation, present, sides)
        : [`${method.toUpperCase()} ${path} is gone`];
      changes.push(...found.map((what) => ({ operationId: operation.operationId, what })));
    }
  }
  return changes;
}

function operationChanges(was: Operation, is: Operation, sides: Sides): string[] {
  const changes: string[] = [];
  if (was.operationId !== is.operationId) changes.push(`it is called ${is.operationId} now`);
  const [old, now] = [was['x-access'], is['x-access']].map((level) => ACCESS.indexOf(level ?? ''));
  if (now !== undefined && old !== undefined && now > old)
    changes.push(`it needs ${String(is['x-access'])} now`);
  return [
    ...changes,
    ...parameterChanges(was.parameters ?? [], is.parameters ?? [], sides),
    ...bodyChanges(was, is, sides),
    ...answerChanges(was, is, sides),
  ];
}

function parameterChanges(old: readonly Parameter[], now: readonly Parameter[], sides: Sides): string[] {
  const find = (list: readonly Parameter[], wanted: Parameter): Parameter | undefined =>
    list.find(({ name, in: place }) => name === wanted.name && place === wanted.in);
  const changes = old.flatMap((parameter) => {
    const present = find(now, parameter);
    if (!present) return [`the ${parameter.in} parameter ${parameter.name} is gone`];
    const inside = schemaChanges(parameter.schema ?? {}, present.schema ?? {}, 'sent', sides);
    return inside.map((text) => `the ${parameter.in} parameter ${parameter.name}: ${text}`);
  });
  for (const parameter of now) {
    const needed = parameter.required === true && find(old, parameter)?.required !== true;
    if (needed) changes.push(`the ${parameter.in} parameter ${parameter.name} is needed now`);
  }
  return changes;
}

function bodyChanges(was: Operation, is: Operation, sides: Sides): string[] {
  const [old, now] = [was.requestBody, is.requestBody];
  if (!now) return old ? ['it takes no body any more'] : [];
  const needed = now.required === true && old?.required !== true ? ['a body is needed now'] : [];
  return [...needed, ...contentChanges('the body', old?.content, now.content, { direction: 'sent', sides })];
}

function answerChanges(was: Operation, is: Operation, sides: Sides): string[] {
  return Object.entries(was.responses).flatMap(([status, answer]) => {
    if (!status.startsWith('2')) return [];
    const present = is.responses[status];
    if (!present) return [`the answer ${status} is gone`];
    const headers = Object.keys(answer.headers ?? {}).filter((name) => present.headers?.[name] === undefined);
    return [
      ...headers.map((name) => `the answer ${status} has no ${name} any more`),
      ...contentChanges(`the answer ${status}`, answer.content, present.content, {
        direction: 'received',
        sides,
      }),
    ];
  });
}

function contentChanges(
  what: string,
  old: Content = {},
  now: Content = {},
  { direction, sides }: { readonly direction: Direction; readonly sides: Sides },
): string[] {
  return Object.entries(old).flatMap(([type, { schema = {} }]) => {
    const present = now[type];
    if (!present) return [`${what} is no ${type} any more`];
    const inside = schemaChanges(schema, present.schema ?? {}, direction, sides);
    return inside.map((text) => `${what}, ${text}`);
  });
}
