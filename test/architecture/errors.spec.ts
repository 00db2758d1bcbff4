import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_NOTES } from '../../scripts/error-notes.js';
import { REASONS, REASON_CODES } from '../../src/lib/reasons.js';

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return path.endsWith('.ts') ? [readFileSync(path, 'utf8')] : [];
  });
}

describe('the catalogue of reasons', () => {
  it('has a section in docs/errors.md for every code, and no other', () => {
    const page = readFileSync('docs/errors.md', 'utf8');
    const sections = [...page.matchAll(/^## (\w+)$/gm)].map((match) => match[1]);
    expect(sections.sort()).toEqual([...REASON_CODES].sort());
    expect(Object.keys(ERROR_NOTES).sort()).toEqual([...REASON_CODES].sort());
  });

  it('holds no code that nothing uses', () => {
    const text = sources('src')
      .filter((source) => !source.includes('export const REASONS'))
      .join('\n');
    const unused = REASON_CODES.filter((code) => !text.includes(`'${code}'`));
    expect(unused).toEqual([]);
  });

  it('gives every code an error status and words that end as a sentence', () => {
    for (const code of REASON_CODES) {
      expect(REASONS[code].status).toBeGreaterThanOrEqual(400);
      expect(REASONS[code].message).toMatch(/\.$/);
    }
  });

  it('is linked from the README', () => {
    expect(existsSync('README.md')).toBe(true);
    expect(readFileSync('README.md', 'utf8')).toContain('docs/errors.md');
  });
});

describe('the pages that the README names', () => {
  it('exist', () => {
    const links = [...readFileSync('README.md', 'utf8').matchAll(/\]\(((?!https?:)[^)#]+)\)/g)].map(
      (match) => match[1] as string,
    );
    expect(links.length).toBeGreaterThan(5);
    expect(links.filter((link) => !existsSync(link))).toEqual([]);
  });
});
