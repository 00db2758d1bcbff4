const HOUR_MS = 3_600_000;
const HOURS = 24;

/** Counts by hour over the last day: the hour that runs and the 23 before it. */
export class UsageDay {
  private readonly counts = new Uint32Array(HOURS);
  private hour = 0;

  add(time: number): void {
    this.moveTo(time);
    const slot = this.hour % HOURS;
    this.counts[slot] = (this.counts[slot] as number) + 1;
  }

  total(time: number): number {
    this.moveTo(time);
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  /** A clock that was set back adds to the newest hour that was seen. */
  private moveTo(time: number): void {
    const hour = Math.floor(time / HOUR_MS);
    if (hour - this.hour >= HOURS) this.counts.fill(0);
    else for (let past = this.hour + 1; past <= hour; past++) this.counts[past % HOURS] = 0;
    this.hour = Math.max(this.hour, hour);
  }
}
