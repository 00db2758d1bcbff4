import { KnownNames } from '../../../src/gateway/known-names.js';

const bytes = (name: string): Buffer => Buffer.from(name, 'latin1');

describe('what is known of field names', () => {
  it('is asked for once for a name, and anew for every other spelling of it', () => {
    const judged: string[] = [];
    const names = new KnownNames((name) => {
      judged.push(name);
      return name.toLowerCase();
    });
    expect(['Date', 'date', 'Date', 'Data'].map((name) => names.of(bytes(name)))).toEqual([
      'date',
      'date',
      'date',
      'data',
    ]);
    expect(judged).toEqual(['Date', 'date', 'Data']);
  });

  it('does not change with the chunk that a name came in', () => {
    const names = new KnownNames((name) => name);
    const chunk = bytes('X-AUSERNAME');
    names.of(chunk);
    chunk.write('X-Forwarded', 'latin1');
    expect(names.of(chunk)).toBe('X-Forwarded');
    expect(names.of(bytes('X-AUSERNAME'))).toBe('X-AUSERNAME');
  });

  it('is right for names of every length, an empty one and bytes above ASCII', () => {
    const names = new KnownNames((name) => name);
    for (let round = 0; round < 2; round++) {
      for (const name of ['', '\u00e9', 'a'.repeat(64), 'a'.repeat(65), `${'a'.repeat(64)}b`])
        expect(names.of(bytes(name))).toBe(name);
    }
  });

  it('does not grow with names that somebody makes up', () => {
    let judged = 0;
    const names = new KnownNames((name) => {
      judged++;
      return name;
    });
    const made = Array.from({ length: 1000 }, (_each, i) => `x-made-up-${1000 + i}`);
    for (const name of made) expect(names.of(bytes(name))).toBe(name);
    expect(judged).toBe(1000);
    // Few of them are still there; those that are not are judged again, the same as before.
    for (const name of made) expect(names.of(bytes(name))).toBe(name);
    expect(judged).toBeGreaterThan(1900);
  });
});
