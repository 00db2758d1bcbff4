/** The time, as an injected dependency where it matters, so that tests can travel. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
}

export const CLOCK = Symbol('CLOCK');

export const SYSTEM_CLOCK: Clock = { now: () => Date.now() };

/** Whole milliseconds of a clock that changes of the wall clock do not move. Says nothing about the time of day. */
export function monotonicMs(): number {
  return Math.floor(performance.now());
}
