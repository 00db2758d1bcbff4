import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until the time is over or the signal is given, whichever comes first. `ref`: keeps the process alive. */
export async function pause(delayMs: number, signal: AbortSignal, ref: boolean): Promise<void> {
  try {
    await sleep(delayMs, undefined, { signal, ref });
  } catch (error) {
    // Being told to stop waiting is what the signal is for; anything else is a fault.
    if (!signal.aborted) throw error;
  }
}
