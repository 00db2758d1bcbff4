import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';

const WINDOW_MS = 60_000;
const MOST_FAILURES = 10;
const MOST_ADDRESSES = 10_000;

/** Counts failed sign-ins to the control plane by address: at most ten in any minute. */
@Injectable()
export class FailedSignIns {
  private readonly failures = new LRUCache<string, readonly number[]>({ max: MOST_ADDRESSES });

  /** Seconds that an address has to wait before it may try again; 0: now. */
  retryAfterSeconds(address: string, now: number): number {
    const recent = this.recent(address, now);
    const oldest = recent[recent.length - MOST_FAILURES];
    return oldest === undefined ? 0 : Math.max(1, Math.ceil((oldest + WINDOW_MS - now) / 1000));
  }

  note(address: string, now: number): void {
    this.failures.set(address, [...this.recent(address, now), now].slice(-MOST_FAILURES));
  }

  private recent(address: string, now: number): readonly number[] {
    return (this.failures.get(address) ?? []).filter((time) => time > now - WINDOW_MS);
  }
}
