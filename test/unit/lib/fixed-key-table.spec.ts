import fc from 'fast-check';
import { FixedKeyTable } from '../../../src/lib/fixed-key-table.js';

const WIDTH = 4;

/** Few keys, so that they meet often. */
const key = fc.nat({ max: 40 }).map((n) => Uint32Array.of(n % 2, n % 3, n % 5, n));
const step = fc.tuple(fc.constantFrom('add', 'remove'), key);

describe('the table of binary keys', () => {
  it('behaves as a map from key to row, whatever is added and removed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const table = new FixedKeyTable(WIDTH);
        const model = new Map<string, number>();
        for (const [what, words] of steps) {
          const name = words.join();
          const row = table.find(words);
          expect(row).toBe(model.get(name) ?? -1);
          if (what === 'add') model.set(name, table.add(words));
          else if (row >= 0) {
            table.remove(row);
            model.delete(name);
          }
          expect(table.size).toBe(model.size);
          expect(new Set(model.values()).size).toBe(model.size);
        }
      }),
    );
  });

  it('finds every key after it has grown far beyond what was expected', () => {
    const table = new FixedKeyTable(2, 10);
    const keys = Array.from({ length: 50_000 }, (_, n) => Uint32Array.of(n, n * 7));
    const rows = keys.map((words) => table.add(words));
    expect(rows).toEqual(keys.map((_, n) => n));
    expect(keys.map((words) => table.find(words))).toEqual(rows);
    expect(table.find(Uint32Array.of(1, 8))).toBe(-1);
    expect(table.size).toBe(50_000);
  });

  it('still finds keys that had to go around others which were removed since', () => {
    const table = new FixedKeyTable(2, 10);
    const keys = Array.from({ length: 1500 }, (_, n) => Uint32Array.of(n, n * 7919));
    const rows = keys.map((words) => table.add(words));
    for (let n = 0; n < rows.length; n += 2) table.remove(rows[n] as number);
    const found = keys.map((words) => table.find(words));
    expect(found).toEqual(rows.map((row, n) => (n % 2 === 0 ? -1 : row)));
  });

  it('stays small and correct when keys come and go for ever', () => {
    const table = new FixedKeyTable(2, 10);
    for (let n = 0; n < 50_000; n++) table.remove(table.add(Uint32Array.of(n, n)));
    expect(table.size).toBe(0);
    expect(table.add(Uint32Array.of(1, 1))).toBe(0);
  });

  it('T-09 compares the whole key: keys that differ in their first or their last bit are others', () => {
    const table = new FixedKeyTable(8);
    const stored = new Uint32Array(8).fill(0xabcdef01);
    const row = table.add(stored);
    for (let word = 0; word < 8; word++) {
      for (const bit of [0, 31]) {
        const other = stored.slice();
        other[word] = (other[word] as number) ^ (1 << bit);
        expect(table.find(other)).toBe(-1);
      }
    }
    expect(table.find(stored)).toBe(row);
  });
});
