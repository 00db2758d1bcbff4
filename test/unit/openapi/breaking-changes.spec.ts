import { breakingChanges } from '../../../scripts/openapi/breaking-changes.js';
import type { Api, Operation } from '../../../scripts/openapi/breaking-changes.js';
import { unannounced } from '../../../scripts/openapi/changelog.js';
import type { Schema } from '../../../scripts/openapi/schema-changes.js';

const BODY: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  properties: {
    name: { type: 'string', maxLength: 100 },
    scope: { type: 'string', enum: ['read', 'write'] },
    days: { type: 'integer', minimum: 1, maximum: 90 },
    note: { type: ['string', 'null'], maxLength: 500 },
    groups: { type: 'array', maxItems: 50, items: { type: 'string', maxLength: 255 } },
  },
};
const ANSWER: Schema = {
  type: 'object',
  required: ['id', 'status'],
  properties: {
    id: { type: 'string' },
    status: { type: 'string', enum: ['active', 'revoked'] },
    count: { type: 'integer' },
    owner: { $ref: '#/components/schemas/Owner' },
  },
};
const OWNER: Schema = {
  type: 'object',
  required: ['username'],
  properties: { username: { type: 'string' } },
};

function api(
  change: (parts: { operation: Operation; body: Schema; answer: Schema; owner: Schema }) => unknown,
): Api {
  const body = structuredClone(BODY);
  const answer = structuredClone(ANSWER);
  const owner = structuredClone(OWNER);
  const operation: Operation = {
    operationId: 'things_create',
    'x-access': 'user',
    parameters: [
      { name: 'limit', in: 'query', required: false, schema: { type: 'integer', minimum: 1, maximum: 500 } },
    ],
    requestBody: { required: true, content: { 'application/json': { schema: body } } },
    responses: {
      201: { headers: { ETag: {} }, content: { 'application/json': { schema: answer } } },
      default: {},
    },
  };
  const changed = change({ operation, body, answer, owner }) as Operation | undefined;
  return { paths: { '/things': { post: changed ?? operation } }, components: { schemas: { Owner: owner } } };
}

/** The document with the value at a dotted path of its parts set, or removed when undefined. */
function changed(path: string, value: unknown): Api {
  return api((parts) => {
    const keys = path.split('/');
    const last = keys.pop() as string;
    let target = parts as Record<string, unknown>;
    for (const key of keys) target = target[key] as Record<string, unknown>;
    if (value === undefined) delete target[last];
    else target[last] = value;
  });
}

const BEFORE = api(() => undefined);
const whatOf = (after: Api): string[] => breakingChanges(BEFORE, after).map(({ what }) => what);

describe('a change of the API breaks programs when', () => {
  it.each<[string, string, unknown, RegExp]>([
    ['an operation has another id', 'operation/operationId', 'things_make', /called things_make/],
    ['it needs more rights', 'operation/x-access', 'admin', /needs admin/],
    ['a parameter is gone', 'operation/parameters', [], /parameter limit is gone/],
    ['a parameter is needed', 'operation/parameters/0/required', true, /limit is needed/],
    ['a parameter takes less', 'operation/parameters/0/schema/maximum', 100, /limit: .*maximum is 100/],
    ['another field is needed', 'body/required', ['name', 'scope'], /scope: the field is needed/],
    ['a sent field is gone', 'body/properties/note', undefined, /note: the field is gone/],
    ['a sent value is gone', 'body/properties/scope/enum', ['read'], /scope: the value write is gone/],
    ['a text may be less long', 'body/properties/name/maxLength', 50, /name: maxLength is 50/],
    ['a text gets a pattern', 'body/properties/name/pattern', '^a', /name: pattern/],
    ['a number gets a higher minimum', 'body/properties/days/minimum', 7, /days: minimum is 7/],
    ['a list may be less long', 'body/properties/groups/maxItems', 10, /groups: maxItems is 10/],
    [
      'the entries of a list may be less long',
      'body/properties/groups/items/maxLength',
      9,
      /groups\[\]: maxLength is 9/,
    ],
    ['null is no longer taken', 'body/properties/note/type', 'string', /note: the type was string or null/],
    ['a sent field has another type', 'body/properties/days/type', 'string', /days: the type was integer/],
    ['an answered field is gone', 'answer/properties/count', undefined, /count: the field is gone/],
    ['an answered field may be absent', 'answer/required', ['id'], /status: the field may be absent/],
    [
      'an answered field may be null',
      'answer/properties/id/type',
      ['string', 'null'],
      /id: the type was string/,
    ],
    [
      'an answered value is gone',
      'answer/properties/status/enum',
      ['active'],
      /status: the value revoked is gone/,
    ],
    ['a field behind a reference is gone', 'owner/properties', {}, /owner.username: the field is gone/],
    ['the status of the answer is another', 'operation/responses', { 200: {} }, /answer 201 is gone/],
    ['the ETag is gone', 'operation/responses/201/headers', {}, /has no ETag/],
    [
      'the answer has another form',
      'operation/responses/201/content',
      { 'text/plain': {} },
      /no application\/json/,
    ],
    [
      'a body has another form',
      'operation/requestBody/content',
      { 'text/plain': {} },
      /no application\/json/,
    ],
  ])('%s', (_name, path, value, expected) => {
    expect(whatOf(changed(path, value))).toEqual([expect.stringMatching(expected)]);
  });

  it('an operation or a whole path is gone', () => {
    expect(whatOf({ paths: { '/things': {} } })).toEqual(['POST /things is gone']);
    expect(breakingChanges(BEFORE, { paths: {} })[0]?.operationId).toBe('things_create');
  });

  it('a form of a value that programs choose from is gone', () => {
    const forms = (names: string[]): Api =>
      changed('body/properties/note', {
        oneOf: names.map((mode) => ({ type: 'object', properties: { mode: { enum: [mode] } } })),
      });
    const changes = breakingChanges(forms(['pat', 'header']), forms(['header', 'none']));
    expect(changes.map(({ what }) => what)).toEqual([expect.stringContaining('the form mode=pat is gone')]);
  });
});

describe('a change of the API breaks nothing when', () => {
  it.each<[string, string, unknown]>([
    ['it needs less rights', 'operation/x-access', 'public'],
    ['more may be sent', 'body/properties/name/maxLength', 200],
    ['a field may be left out', 'body/required', []],
    ['another field may be sent', 'body/properties/label', { type: 'string', maxLength: 9 }],
    ['another value may be sent', 'body/properties/scope/enum', ['read', 'write', 'admin']],
    ['null may be sent', 'body/properties/name/type', ['string', 'null']],
    ['another field is answered', 'answer/properties/label', { type: 'string' }],
    ['a field is always answered', 'answer/required', ['id', 'status', 'count']],
    [
      'another parameter may be sent',
      'operation/parameters/1',
      { name: 'q', in: 'query', schema: { type: 'string' } },
    ],
    ['errors are described better', 'operation/responses/404', {}],
    ['the words are others', 'answer/properties/id/description', 'Names the thing.'],
  ])('%s', (_name, path, value) => {
    expect(whatOf(changed(path, value))).toEqual([]);
  });

  it('schemas refer to themselves', () => {
    const circle = (): Api => changed('owner/properties/boss', { $ref: '#/components/schemas/Owner' });
    expect(breakingChanges(circle(), circle())).toEqual([]);
  });
});

describe('the change log', () => {
  const changes = [{ operationId: 'things_create', what: 'it is gone' }];

  it.each([
    ['## Unreleased\n\nBREAKING: things_create is gone; use things_make.\n', 0],
    ['## Unreleased\n\n### Removed\n\n- BREAKING: `things_create` is gone.\n\n## 1.0.0\n', 0],
    ['## Unreleased\n\n- things_create is gone.\n', 1],
    ['## Unreleased\n\n- BREAKING: things_list is gone.\n', 1],
    ['## Unreleased\n\n- BREAKING: things_create2 is gone.\n', 1],
    ['## Unreleased\n\n## 1.0.0\n\n- BREAKING: things_create is gone.\n', 1],
    ['# Changes\n', 1],
  ])('announces what it names under Unreleased in a line of its own: %j', (text, left) => {
    expect(unannounced(changes, text)).toHaveLength(left);
  });
});
