/** One immutable state of every setting that the hot path reads. Replaced as a whole; never changed. */
export interface Snapshot {
  /** Grows by one with each replacement on this node. */
  readonly version: number;
  readonly values: readonly unknown[];
}

let slotCount = 0;
const initialValues: unknown[] = [];

/**
 * A feature's typed place in the snapshot. Made once per feature at module level:
 * `export const RATE_LIMIT = new SnapshotSlot<RateLimitSettings>('rate-limit', DEFAULTS)`.
 * Reading is an array index, so it is free on the hot path.
 */
export class SnapshotSlot<T> {
  private readonly index: number;

  constructor(
    readonly topic: string,
    readonly initial: T,
  ) {
    this.index = slotCount++;
    initialValues[this.index] = initial;
  }

  of(snapshot: Snapshot): T {
    return snapshot.values[this.index] as T;
  }

  /** A new snapshot in which this slot holds `value` and all others what they held. */
  replaceIn(snapshot: Snapshot, value: T): Snapshot {
    const values = snapshot.values.length < slotCount ? initialValues.slice() : snapshot.values.slice();
    for (let i = 0; i < snapshot.values.length; i++) values[i] = snapshot.values[i];
    values[this.index] = value;
    return { version: snapshot.version + 1, values };
  }
}

/** The state before anything was loaded: every slot holds its initial value. For tests and start. */
export function initialSnapshot(): Snapshot {
  return { version: 0, values: initialValues.slice() };
}
