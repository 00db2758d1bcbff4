/** Runs at most so many pieces of work at the same time; the others wait for their turn. */
export class Semaphore {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly most: number) {}

  /** Answers and throws what `work` does. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.most) await new Promise<void>((turn) => this.waiting.push(turn));
    else this.running += 1;
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      // The place goes straight on to who waits longest: nobody can slip in between.
      if (next) next();
      else this.running -= 1;
    }
  }
}
