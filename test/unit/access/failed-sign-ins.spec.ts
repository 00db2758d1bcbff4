import { FailedSignIns } from '../../../src/modules/access/failed-sign-ins.service.js';

describe('failed sign-ins', () => {
  it('stop an address after ten in a minute, until the oldest is a minute old', () => {
    const signIns = new FailedSignIns();
    for (let i = 0; i < 9; i++) signIns.note('10.0.0.1', i * 1000);
    expect(signIns.retryAfterSeconds('10.0.0.1', 9000)).toBe(0);
    signIns.note('10.0.0.1', 9000);
    expect(signIns.retryAfterSeconds('10.0.0.1', 10_000)).toBe(50);
    expect(signIns.retryAfterSeconds('10.0.0.1', 60_001)).toBe(0);
  });

  it('do not touch other addresses', () => {
    const signIns = new FailedSignIns();
    for (let i = 0; i < 20; i++) signIns.note('10.0.0.1', 0);
    expect(signIns.retryAfterSeconds('10.0.0.2', 1)).toBe(0);
  });
});
