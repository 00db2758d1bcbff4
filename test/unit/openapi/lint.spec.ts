import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findingsOf } from '../../../scripts/openapi/lint.js';

type Tree = Record<string, unknown>;
const COMMITTED = readFileSync(join(__dirname, '../../../docs/openapi.json'), 'utf8');

/** The committed document with one path only: the step "OpenAPI lint" of scripts/check.sh looks at all of it. */
function onePath(): Tree {
  const document = JSON.parse(COMMITTED) as { paths: Tree } & Tree;
  const path = TOKENS[1] as string;
  return { ...document, paths: { [path]: document.paths[path] } };
}

/** The rules that are broken when the value at a path of the committed document is replaced (undefined: removed). */
async function broken(path: readonly string[], value: unknown): Promise<string[]> {
  const document = onePath();
  let target = document;
  for (const key of path.slice(0, -1)) target = target[key] as Tree;
  const last = path.at(-1) as string;
  if (!(last in target)) throw new Error(`Nothing at ${path.join(' ')}.`);
  if (value === undefined) delete target[last];
  else target[last] = value;
  const rules = (await findingsOf(JSON.stringify(document))).map(({ rule }) => rule);
  return [...new Set(rules)];
}

const TOKENS = ['paths', '/restgate/api/v1/tokens'];
const FIELDS = ['components', 'schemas', 'CreateToken', 'properties'];
const BODY = [...TOKENS, 'post', 'requestBody', 'content', 'application/json'];

describe('the rules of the OpenAPI document', () => {
  it.each<[string, readonly string[], unknown, string]>([
    ['a summary', [...TOKENS, 'get', 'summary'], undefined, 'restgate-summary'],
    ['an operationId', [...TOKENS, 'get', 'operationId'], undefined, 'operation-operationId'],
    ['a tag', [...TOKENS, 'get', 'tags'], undefined, 'restgate-summary'],
    ['security', [...TOKENS, 'get', 'security'], undefined, 'restgate-access'],
    ['who may call', [...TOKENS, 'get', 'x-access'], 'everybody', 'restgate-access'],
    [
      'an answer to everything else',
      [...TOKENS, 'get', 'responses', 'default'],
      undefined,
      'restgate-errors',
    ],
    [
      'problem details as errors',
      ['components', 'responses', 'Forbidden', 'content'],
      { 'application/json': { schema: { type: 'object' } } },
      'restgate-errors',
    ],
    ['examples of what is sent', [...BODY, 'example'], undefined, 'restgate-examples'],
    [
      'examples of what is answered',
      [...TOKENS, 'get', 'responses', '200', 'content', 'application/json', 'example'],
      undefined,
      'restgate-examples',
    ],
    ['true examples', [...BODY, 'example'], { nonsense: true }, 'oas3-valid-media-example'],
    ['limits of texts', [...FIELDS, 'name'], { type: 'string' }, 'restgate-limits'],
    ['limits of numbers', [...FIELDS, 'expiresInDays'], { type: 'integer', minimum: 1 }, 'restgate-limits'],
    [
      'limits of lists',
      [...FIELDS, 'paths'],
      { type: 'array', items: { type: 'boolean' } },
      'restgate-limits',
    ],
    ['limits of entries', [...FIELDS, 'paths', 'items'], { type: 'string' }, 'restgate-limits'],
    ['a type of everything', [...FIELDS, 'name'], { description: 'Anything.' }, 'restgate-limits'],
    [
      'known fields only',
      [...FIELDS, 'name'],
      { type: 'object', additionalProperties: true },
      'restgate-limits',
    ],
  ])('ask for %s', async (_what, path, value, rule) => {
    expect(await broken(path, value)).toContain(rule);
  });
});
