import { readFileSync } from 'node:fs';
import { REASONS } from '../../src/lib/reasons.js';
import { VARIABLES } from '../../src/platform/config/variables.js';

const PAGES = ['README.md', 'docs/operations.md'];
const routes = readFileSync('test/architecture/access-table.txt', 'utf8');
const metrics = readFileSync('docs/metrics.md', 'utf8');
/** Variables of clients, of the examples, and of the standard that the page names as a family. */
const OTHERS = [
  'RESTGATE_URL',
  'NEW_DATABASE_URL',
  'ACCESS_TOKEN',
  'TEST_DATABASE_URL',
  'TEST_REDIS_URL',
  'DATA_DIR',
];
const variables = new Set([...VARIABLES.map(({ name }) => name), ...OTHERS]);
const reasons = new Set<string>(Object.keys(REASONS));

const code = (page: string): string[] =>
  [...readFileSync(page, 'utf8').matchAll(/```[\s\S]*?```|`[^`\n]+`/g)].map(([text]) => text);
const all = (page: string, pattern: RegExp): string[] =>
  code(page).flatMap((text) => [...text.matchAll(pattern)].map((match) => match[1] ?? match[0]));

/** What operators copy from these pages at night has to exist. */
describe.each(PAGES)('%s', (page) => {
  it('names variables that are read', () => {
    const named = all(page, /\b(?=\w*_)[A-Z][A-Z_]+[A-Z]\b/g);
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => !variables.has(name))).toEqual([]);
  });

  it('names metrics that exist', () => {
    const named = all(page, /\brestgate_[a-z_]+/g);
    expect(named.filter((name) => !metrics.includes(`\`${name}\``))).toEqual([]);
  });

  it('names admin routes that exist', () => {
    const named = all(page, /(?:\$API|\.\.\.|\/restgate\/api\/v1)(\/[a-z][\w/{}<>-]*)/g);
    const known = named.map((path) => path.replace(/[{<]\w+[}>]/g, ':'));
    const missing = known.filter((path) => {
      const shape = path.replace(/\/$/, '').replace(/\/:/g, '/:\\w+');
      return !new RegExp(
        `/api/v1${shape.replace('/applications/jira', '/applications/:\\w+')}(\\s|/)`,
        'm',
      ).test(routes);
    });
    expect(named.length).toBeGreaterThan(3);
    expect(missing).toEqual([]);
  });

  it('names reasons that exist', () => {
    const named = all(page, /^`((?:provider|directory|database|identity|upstream|token)_[a-z]+)`$/g);
    expect(named.filter((name) => !reasons.has(name))).toEqual([]);
  });

  it('names npm scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = all(page, /npm run ([a-z:]+)/g);
    expect(named.length).toBeGreaterThan(2);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});
