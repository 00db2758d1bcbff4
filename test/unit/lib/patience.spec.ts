import { jest } from '@jest/globals';
import { Patience } from '../../../src/lib/patience.js';

describe('patience', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  const never = (): Promise<never> => new Promise(() => undefined);

  it('passes on what comes in time, whatever it is', async () => {
    const patience = new Patience(50, 5, 'too late');
    await expect(patience.within(Promise.resolve(7))).resolves.toBe(7);
    await expect(patience.within(Promise.reject(new Error('no')))).rejects.toThrow('no');
    await jest.advanceTimersByTimeAsync(1000);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('ends when nothing comes, for each promise at its own time', async () => {
    const patience = new Patience(50, 5, 'too late');
    const first = patience.within(never());
    const outcomes: string[] = [];
    first.catch((error: Error) => outcomes.push(`first ${error.message}`));
    await jest.advanceTimersByTimeAsync(100);
    const second = patience.within(never());
    second.catch((error: Error) => outcomes.push(`second ${error.message}`));
    await jest.advanceTimersByTimeAsync(149);
    expect(outcomes).toEqual([]);
    await jest.advanceTimersByTimeAsync(51);
    expect(outcomes).toEqual(['first too late']);
    await jest.advanceTimersByTimeAsync(100);
    expect(outcomes).toEqual(['first too late', 'second too late']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('does not end because the process itself was busy for long', async () => {
    jest.useRealTimers();
    const patience = new Patience(10, 5, 'too late');
    let answer: (value: string) => void = () => undefined;
    const waiting = patience.within(new Promise<string>((resolve) => (answer = resolve)));
    const busyUntil = performance.now() + 200;
    while (performance.now() < busyUntil);
    setImmediate(() => answer('it was there all along'));
    await expect(waiting).resolves.toBe('it was there all along');
  });
});
