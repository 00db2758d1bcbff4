const BITS_PER_WORD = 32;
const GONE = 0xffffffff;
const SMALLEST = 1024;

/**
 * Maps binary keys of one fixed length to small row numbers, in flat memory: a million 32-byte keys take 40 MB
 * and none of the garbage collector's time. Rows are dense and reused, so callers keep their columns by row.
 * A key is compared as a whole and in constant time.
 */
export class FixedKeyTable {
  private keys: Uint32Array;
  /** Row + 1; 0 for a slot that was never used. */
  private slots: Uint32Array;
  private shift: number;
  private usedSlots = 0;
  private rowCount = 0;
  private readonly freeRows: number[] = [];

  /** `width` is the length of a key in 32-bit words; at least 2. */
  constructor(
    private readonly width: number,
    expectedRows = 0,
  ) {
    const rows = Math.max(expectedRows, SMALLEST);
    const bits = Math.ceil(Math.log2(rows * 1.5));
    this.keys = new Uint32Array(rows * width);
    this.slots = new Uint32Array(2 ** bits);
    this.shift = BITS_PER_WORD - bits;
  }

  get size(): number {
    return this.rowCount - this.freeRows.length;
  }

  /** The row of the key, or -1. */
  find(key: Uint32Array): number {
    return (this.slots[this.slotOf(key, 0)] ?? 0) - 1;
  }

  /** The row of the key; a new one when the key is not there yet. */
  add(key: Uint32Array): number {
    const known = this.find(key);
    if (known >= 0) return known;
    if ((this.usedSlots + 1) * 4 > this.slots.length * 3) this.rehash();
    const row = this.freeRows.pop() ?? this.rowCount++;
    this.makeRoom(row);
    this.keys.set(key, row * this.width);
    this.slots[this.slotOf(key, 0)] = row + 1;
    this.usedSlots++;
    return row;
  }

  /** Forgets the key of a row; the row number will be given to another key. */
  remove(row: number): void {
    const key = this.keyOf(row);
    this.slots[this.slotOf(key, 0)] = GONE;
    key.fill(0);
    this.freeRows.push(row);
  }

  /** The key of a row, as a view that is valid until the next `add`. */
  keyOf(row: number): Uint32Array {
    return this.keys.subarray(row * this.width, (row + 1) * this.width);
  }

  /** The slot that holds the key, or the free one where the search ended. */
  private slotOf(key: Uint32Array, base: number): number {
    const mask = this.slots.length - 1;
    let slot = this.firstSlot(key, base);
    for (;;) {
      const entry = this.slots[slot] as number;
      if (entry === 0) return slot;
      if (entry !== GONE && this.holds(entry - 1, key, base)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  /** By the last words: they are random in SHA-256 and in uuid v7 alike (Knuth's multiplicative hash). */
  private firstSlot(key: Uint32Array, base: number): number {
    const last = base + this.width - 1;
    const mixed = (key[last] as number) ^ Math.imul(key[last - 1] as number, 0x85ebca6b);
    return Math.imul(mixed, 0x9e3779b1) >>> this.shift;
  }

  private holds(row: number, key: Uint32Array, base: number): boolean {
    const at = row * this.width;
    let difference = 0;
    for (let i = 0; i < this.width; i++) {
      difference |= (this.keys[at + i] as number) ^ (key[base + i] as number);
    }
    return difference === 0;
  }

  private makeRoom(row: number): void {
    if ((row + 1) * this.width <= this.keys.length) return;
    const larger = new Uint32Array(this.keys.length * 2);
    larger.set(this.keys);
    this.keys = larger;
  }

  /** Drops the marks of removed keys, and doubles the slots when more than half of them are in use. */
  private rehash(): void {
    const old = this.slots;
    if (this.size * 2 > old.length) this.shift--;
    this.slots = new Uint32Array(2 ** (BITS_PER_WORD - this.shift));
    for (const entry of old) {
      if (entry === 0 || entry === GONE) continue;
      this.slots[this.slotOf(this.keys, (entry - 1) * this.width)] = entry;
    }
    this.usedSlots = this.size;
  }
}
