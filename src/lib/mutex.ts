/** Runs pieces of work one after another, in the order in which they came. */
export class Mutex {
  private tail: Promise<unknown> = Promise.resolve();

  /** Answers and throws what `work` does. A failed piece does not stop the next. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.tail.then(work);
    // The failure belongs to the caller of this piece; the queue only waits for its end.
    this.tail = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }
}
