interface Waiting {
  /** The tick at which patience ends. */
  readonly end: number;
  giveUp(): void;
}

/**
 * Waits for promises only so long. Time counts in ticks, and a late tick counts once: a process that was too busy
 * to look for an answer does not take that for a missing answer. One timer serves all that wait.
 */
export class Patience {
  /** In the order of their ends, which is that of their beginnings. */
  private readonly waiting = new Set<Waiting>();
  private tick = 0;
  private timer: NodeJS.Timeout | undefined;

  /** `message` is what the promises that took too long are rejected with. */
  constructor(
    private readonly tickMs: number,
    private readonly ticks: number,
    private readonly message: string,
  ) {}

  /** The outcome of the promise, or a rejection when it took too long. */
  within<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      // One more: the tick that runs already is not a whole one.
      const waiting = { end: this.tick + this.ticks + 1, giveUp: () => reject(new Error(this.message)) };
      this.waiting.add(waiting);
      this.wind();
      promise.finally(() => this.waiting.delete(waiting)).then(resolve, reject);
    });
  }

  private wind(): void {
    if (this.timer || this.waiting.size === 0) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.tick++;
      this.letGo();
      this.wind();
    }, this.tickMs).unref();
  }

  private letGo(): void {
    for (const waiting of this.waiting) {
      if (waiting.end > this.tick) return;
      this.waiting.delete(waiting);
      waiting.giveUp();
    }
  }
}
