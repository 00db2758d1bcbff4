import { validate, version } from 'uuid';
import { newEventId } from '../../../src/lib/event-id.js';

describe('The id of an event', () => {
  it('is a valid uuid v7, ten thousand times, and never the same', () => {
    const ids = Array.from({ length: 10_000 }, () => newEventId());
    expect(ids.every((id) => validate(id) && version(id) === 7)).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('begins with the time in milliseconds', () => {
    const now = 0x0191_2345_6789;
    expect(newEventId(now).startsWith('01912345-6789-7')).toBe(true);
    expect(newEventId(5).startsWith('00000000-0005-7')).toBe(true);
  });

  it('sorts as the time does', () => {
    expect(newEventId(1_700_000_000_001) > newEventId(1_700_000_000_000)).toBe(true);
  });
});
