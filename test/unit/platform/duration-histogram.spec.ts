import { Histogram, Registry } from 'prom-client';
import { DurationHistogram } from '../../../src/platform/metrics/duration-histogram.js';

const BOUNDS = [0.01, 0.1, 1];
const OBSERVED = [0, 0.005, 0.01, 0.010001, 0.1, 0.5, 1, 1.1, 60];

describe('The histogram of durations', () => {
  it('reads, to the character, as the one of prom-client does', async () => {
    const ours = new Registry();
    const theirs = new Registry();
    const name = 'restgate_test_seconds';
    const histogram = new DurationHistogram(name, 'Help.', 'application', BOUNDS, ours);
    const peer = new Histogram({
      name,
      help: 'Help.',
      labelNames: ['application'],
      buckets: BOUNDS,
      registers: [theirs],
    });
    for (const application of ['jira', '']) {
      for (const seconds of OBSERVED) {
        histogram.of(application).observe(seconds);
        peer.labels({ application }).observe(seconds);
      }
    }
    expect(await ours.metrics()).toBe(await theirs.metrics());
  });

  it('is refused a name that is taken', () => {
    const registry = new Registry();
    new DurationHistogram('taken', 'Help.', 'a', BOUNDS, registry);
    expect(() => new DurationHistogram('taken', 'Help.', 'a', BOUNDS, registry)).toThrow('already');
  });
});
