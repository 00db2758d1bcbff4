import { readFileSync } from 'node:fs';
import {
  findReadingPost,
  READING_POSTS,
} from '../../../src/modules/restrictions/catalogue/read-catalogue.policy.js';
import { WRITING_GETS } from '../../../src/modules/restrictions/catalogue/write-catalogue.policy.js';
import type { Product } from '../../../src/modules/applications/applications.port.js';

const PRODUCTS: Readonly<Record<string, Product>> = {
  Jira: 'jira',
  Confluence: 'confluence',
  Bitbucket: 'bitbucket',
};

/** The rows of the table "POSTs that read": product, and every path in the row written out. */
function documented(): Record<Product, string[]> {
  const page = readFileSync('docs/read-write.md', 'utf8');
  const [, section = ''] = page.split('## POSTs that read');
  const rows = (section.split('\n## ')[0] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| ') && line.includes('`'));
  const found: Record<Product, string[]> = { jira: [], confluence: [], bitbucket: [] };
  let product: Product = 'jira';
  for (const row of rows) {
    const [, name = '', paths = ''] = row.split('|').map((cell) => cell.trim());
    product = PRODUCTS[name] ?? product;
    let before = '';
    for (const [, path = ''] of paths.matchAll(/`([^`]+)`/g)) {
      before = path.startsWith('...') ? before.slice(0, before.lastIndexOf('/')) + path.slice(3) : path;
      found[product].push(before);
    }
  }
  return found;
}

describe('docs/read-write.md', () => {
  it('lists the POSTs that read, all of them and no others', () => {
    const pages = documented();
    for (const product of Object.values(PRODUCTS)) {
      const shipped = READING_POSTS.filter((post) => post.product === product).map(({ path }) => path);
      expect([...pages[product]].sort()).toEqual(shipped.sort());
    }
  });

  it('names every pattern of the GETs that count as writes', () => {
    const page = readFileSync('docs/read-write.md', 'utf8');
    const [, section = ''] = page.split('## GETs that count as writes');
    const [table = ''] = section.split('\n## ');
    const listed = [...table.matchAll(/^\| (.+?) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`(\/[^`]+)`/g)].map(([, path = '']) => path),
    );
    expect(listed.sort()).toEqual(WRITING_GETS.map(({ path }) => path).sort());
  });
});

describe('the catalogue of reading POSTs', () => {
  it('covers no operation that is known to write', () => {
    const writes: [Product, string][] = [
      ['jira', '/rest/api/2/issue/bulk'],
      ['jira', '/rest/api/2/filter'],
      ['jira', '/rest/auth/1/session'],
      ['confluence', '/rest/api/content'],
      ['confluence', '/rest/api/webhooks/test'],
      ['bitbucket', '/rest/api/latest/migration/exports'],
      ['bitbucket', '/rest/api/latest/migration/mesh'],
      ['bitbucket', '/rest/build-status/latest/commits/abc'],
      ['bitbucket', '/rest/mirroring/latest/authenticate'],
    ];
    expect(writes.filter(([product, path]) => findReadingPost(product, path))).toEqual([]);
  });
});
