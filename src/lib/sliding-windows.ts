const NONE = 0;
const FIRST_ROWS = 1024;
const FIRST_ENTRIES = 4096;
/** A limit up to this keeps every hit to the millisecond; above it, hits share this many steps of the window. */
export const STEPS_PER_WINDOW = 4096;

/** How a window stands after a hit, or before one (peek). */
export interface WindowCount {
  /** The hit was within the limit; for a peek: the next one would be. */
  readonly allowed: boolean;
  /** Hits that count, at most the limit. */
  readonly used: number;
  /** The limit that was applied. */
  readonly limit: number;
  /** Until the oldest counted hit leaves the window; 0 when nothing is counted. */
  readonly waitMs: number;
}

/** Hits that were taken out, to be counted elsewhere. */
export interface TakenHits {
  readonly count: number;
  /** Since the newest of them. */
  readonly ageMs: number;
}

/**
 * The grain of time, in milliseconds, in which hits under a limit are kept. A hit counts until its step has
 * left the window, so a coarser grain never lets more than the limit into any window.
 */
export function stepOf(windowMs: number, limit: number): number {
  return limit <= STEPS_PER_WINDOW ? 1 : Math.max(1, Math.ceil(windowMs / STEPS_PER_WINDOW));
}

/**
 * Exact sliding windows for very many keys, in flat memory of a bounded size, without timers. A hit is allowed
 * when fewer than `limit` hits, refused ones included, lie in the window that ends now. Only the newest `limit`
 * hits can decide that, so older ones are forgotten, and hits of the same step of time share an entry. When the
 * bounds are reached the keys that were used least recently are forgotten. Times must not run backwards.
 */
export class SlidingWindows {
  private readonly rows = new Map<string, number>();
  private readonly keys: string[] = [''];
  private readonly freeRows: number[] = [];
  /** By row: first and last entry, neighbours in the order of use, sum of counts, when all of it is past. */
  private first = new Uint32Array(FIRST_ROWS);
  private last = new Uint32Array(FIRST_ROWS);
  private older = new Uint32Array(FIRST_ROWS);
  private newer = new Uint32Array(FIRST_ROWS);
  private totals = new Float64Array(FIRST_ROWS);
  private past = new Float64Array(FIRST_ROWS);
  private oldestRow = NONE;
  private newestRow = NONE;
  /** By entry: time, number of hits, the entry after it. Index 0 is nobody's. */
  private times = new Float64Array(FIRST_ENTRIES);
  private counts = new Float64Array(FIRST_ENTRIES);
  private next = new Uint32Array(FIRST_ENTRIES);
  private usedEntries = 1;
  private freeEntry = NONE;

  constructor(
    private readonly mostKeys: number,
    private readonly mostEntries: number,
  ) {}

  get size(): number {
    return this.rows.size;
  }

  /** Counts a hit. `now` in milliseconds of a clock that never runs backwards. */
  hit(key: string, now: number, windowMs: number, limit: number): WindowCount {
    const row = this.rowOf(key, now);
    this.settle(row, now - windowMs, limit);
    const allowed = this.total(row) < limit;
    this.record(row, now, stepOf(windowMs, limit), 1, limit);
    this.past[row] = this.timeOf(this.last[row] as number) + windowMs;
    return this.countOf(row, now, windowMs, limit, allowed);
  }

  /** How the window stands; counts nothing. */
  peek(key: string, now: number, windowMs: number, limit: number): WindowCount {
    const row = this.rows.get(key);
    if (row === undefined) return { allowed: true, used: 0, limit, waitMs: 0 };
    this.settle(row, now - windowMs, limit);
    return this.countOf(row, now, windowMs, limit, this.total(row) < limit);
  }

  /** Takes a key out with its hits of the window; undefined when there are none. */
  take(key: string, now: number, windowMs: number): TakenHits | undefined {
    const row = this.rows.get(key);
    if (row === undefined) return undefined;
    this.settle(row, now - windowMs, Infinity);
    const taken = { count: this.total(row), ageMs: Math.max(0, now - this.timeOf(this.last[row] as number)) };
    this.forget(row);
    return taken.count === 0 ? undefined : taken;
  }

  /** Puts hits back that were taken out, as if they happened now. */
  put(key: string, now: number, windowMs: number, count: number): void {
    const row = this.rowOf(key, now);
    this.record(row, now, 1, count, Infinity);
    this.past[row] = this.timeOf(this.last[row] as number) + windowMs;
  }

  private total(row: number): number {
    return this.totals[row] as number;
  }

  private timeOf(entry: number): number {
    return this.times[entry] as number;
  }

  private countOf(row: number, now: number, windowMs: number, limit: number, allowed: boolean): WindowCount {
    const entry = this.first[row] as number;
    const waitMs = entry === NONE ? 0 : Math.max(0, this.timeOf(entry) + windowMs - now);
    return { allowed, used: Math.min(this.total(row), limit), limit, waitMs };
  }

  /** Drops what is at or before `start`, and what no decision under this limit can need. */
  private settle(row: number, start: number, limit: number): void {
    for (let entry = this.first[row] as number; entry !== NONE; entry = this.first[row] as number) {
      if (this.timeOf(entry) > start && this.total(row) - (this.counts[entry] as number) < limit) return;
      this.dropFirst(row);
    }
  }

  private dropFirst(row: number): void {
    const entry = this.first[row] as number;
    this.totals[row] = this.total(row) - (this.counts[entry] as number);
    this.first[row] = this.next[entry] as number;
    if (this.first[row] === NONE) this.last[row] = NONE;
    this.next[entry] = this.freeEntry;
    this.freeEntry = entry;
  }

  private record(row: number, now: number, step: number, hits: number, limit: number): void {
    const last = this.last[row] as number;
    const time = Math.ceil(now / step) * step;
    if (last !== NONE && this.timeOf(last) >= time) {
      // More than the limit in one step changes no decision.
      const added = Math.min(hits, Math.max(0, limit - (this.counts[last] as number)));
      this.counts[last] = (this.counts[last] as number) + added;
      this.totals[row] = this.total(row) + added;
    } else {
      const entry = this.newEntry(row);
      this.times[entry] = time;
      this.counts[entry] = hits;
      this.next[entry] = NONE;
      // Making room may have taken the row's own oldest entries.
      const before = this.last[row] as number;
      if (before === NONE) this.first[row] = entry;
      else this.next[before] = entry;
      this.last[row] = entry;
      this.totals[row] = this.total(row) + hits;
    }
    const first = this.first[row] as number;
    if (this.total(row) - (this.counts[first] as number) >= limit) this.dropFirst(row);
  }

  private newEntry(row: number): number {
    if (this.freeEntry === NONE && this.usedEntries >= this.mostEntries) this.makeRoom(row);
    if (this.freeEntry !== NONE) {
      const entry = this.freeEntry;
      this.freeEntry = this.next[entry] as number;
      return entry;
    }
    if (this.usedEntries === this.times.length) this.growEntries();
    return this.usedEntries++;
  }

  private makeRoom(row: number): void {
    while (this.freeEntry === NONE && this.oldestRow !== row) this.forget(this.oldestRow);
    if (this.freeEntry === NONE) this.dropFirst(row);
  }

  /** The row of a key, now the most recently used one. */
  private rowOf(key: string, now: number): number {
    const known = this.rows.get(key);
    if (known !== undefined) {
      if (known !== this.newestRow) {
        this.unlink(known);
        this.link(known);
      }
      return known;
    }
    this.tidy(now);
    const row = this.freeRows.pop() ?? this.keys.length;
    if (row === this.first.length) this.growRows();
    this.keys[row] = key;
    this.first[row] = this.last[row] = NONE;
    this.totals[row] = 0;
    this.rows.set(key, row);
    this.link(row);
    return row;
  }

  /** Each new key clears away up to two old ones whose hits are past, so that idle keys do not pile up. */
  private tidy(now: number): void {
    for (let i = 0; i < 2; i++) {
      const full = this.rows.size >= this.mostKeys;
      if (this.oldestRow === NONE || (!full && (this.past[this.oldestRow] as number) > now)) return;
      this.forget(this.oldestRow);
    }
  }

  private forget(row: number): void {
    const last = this.last[row] as number;
    if (last !== NONE) {
      this.next[last] = this.freeEntry;
      this.freeEntry = this.first[row] as number;
    }
    this.unlink(row);
    this.rows.delete(this.keys[row] as string);
    this.keys[row] = '';
    this.freeRows.push(row);
  }

  private link(row: number): void {
    this.older[row] = this.newestRow;
    this.newer[row] = NONE;
    if (this.newestRow === NONE) this.oldestRow = row;
    else this.newer[this.newestRow] = row;
    this.newestRow = row;
  }

  private unlink(row: number): void {
    const older = this.older[row] as number;
    const newer = this.newer[row] as number;
    if (older === NONE) this.oldestRow = newer;
    else this.newer[older] = newer;
    if (newer === NONE) this.newestRow = older;
    else this.older[newer] = older;
  }

  private growRows(): void {
    this.first = doubled(this.first, Uint32Array);
    this.last = doubled(this.last, Uint32Array);
    this.older = doubled(this.older, Uint32Array);
    this.newer = doubled(this.newer, Uint32Array);
    this.totals = doubled(this.totals, Float64Array);
    this.past = doubled(this.past, Float64Array);
  }

  private growEntries(): void {
    this.times = doubled(this.times, Float64Array);
    this.counts = doubled(this.counts, Float64Array);
    this.next = doubled(this.next, Uint32Array);
  }
}

function doubled<T extends Uint32Array | Float64Array>(array: T, type: new (length: number) => T): T {
  const larger = new type(array.length * 2);
  larger.set(array);
  return larger;
}
