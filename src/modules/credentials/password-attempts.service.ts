import { createHmac, randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { sha256 } from '../../platform/crypto/sha256.js';
import type { PasswordAttempt } from '../decisions/exchange.port.js';
import { blockOf, limitPolicy } from '../rate-limit/rate-limit.port.js';
import type { FailureBlock } from '../rate-limit/rate-limit.port.js';
import { RATE_LIMIT_STORAGE } from '../rate-limit/rate-limit-storage.port.js';
import type { RateLimitStorage, WindowCount } from '../rate-limit/rate-limit-storage.port.js';

/** Jira shows a CAPTCHA after three wrong passwords. */
const WRONG_PASSWORDS = 2;
const POLICY = limitPolicy('wrong-passwords', WRONG_PASSWORDS, { value: 5, unit: 'minute' });
const WINDOW_MS = POLICY.windowMs;
/** A job that runs once a day goes on, whatever strangers try meanwhile. */
const RIGHT_FOR_MS = 24 * 60 * 60_000;
const MOST_RIGHT = 20_000;
const LONGEST_WAIT_MS = 10_000;

/** An attempt, or how whoever tries now is refused. */
export type Admission = PasswordAttempt | FailureBlock;

/** A password that is at the application now. */
interface Running {
  readonly proof: string;
  readonly since: number;
  readonly settled: Promise<void>;
}

/**
 * Keeps strangers from locking an account behind a CAPTCHA through the gateway: in five minutes two passwords of a
 * user may turn out wrong, and no more than those are on their way at a time. Across replicas where Redis is. A
 * password that was right goes on meanwhile, so that nobody shuts a user out by trying; the same password sent many
 * times at once waits for its first answer. Only keyed hashes are kept, under a key of this process.
 */
@Injectable()
export class PasswordAttempts {
  private readonly key = randomBytes(32);
  private readonly right = new LRUCache<string, true>({ max: MOST_RIGHT, ttl: RIGHT_FOR_MS });
  private readonly running = new Map<string, Running[]>();

  constructor(@Inject(RATE_LIMIT_STORAGE) private readonly storage: RateLimitStorage) {}

  /** Admits a password that is about to be sent; whoever gets an attempt must settle it. Memory only for a right one. */
  begin(application: string, username: string, password: string): Admission | Promise<Admission> {
    const user = userOf(application, username);
    const proof = createHmac('sha256', this.key).update(`${user}\0${password}`).digest('base64url');
    return this.admit(user, proof, Date.now() + LONGEST_WAIT_MS);
  }

  private admit(user: string, proof: string, deadline: number): Admission | Promise<Admission> {
    if (this.right.has(proof)) return this.known(user, proof);
    const count = this.storage.peek(user, WINDOW_MS, WRONG_PASSWORDS);
    return count instanceof Promise
      ? count.then((shared) => this.judge(user, proof, deadline, shared))
      : this.judge(user, proof, deadline, count);
  }

  private judge(
    user: string,
    proof: string,
    deadline: number,
    count: WindowCount,
  ): Admission | Promise<Admission> {
    const block = blockOf(POLICY, count);
    if (block) return block;
    const running = this.runningOf(user);
    const same = running.find((other) => other.proof === proof);
    if (same) return this.after(same, deadline, count, () => this.admit(user, proof, deadline));
    return count.used + running.length < WRONG_PASSWORDS ? this.start(user, proof) : busy(count);
  }

  /** What is decided once the same password has its answer. */
  private async after(
    same: Running,
    deadline: number,
    count: WindowCount,
    decide: () => Admission | Promise<Admission>,
  ): Promise<Admission> {
    const left = deadline - Date.now();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => (timer = setTimeout(resolve, left, true)));
    const isLate = await Promise.race([same.settled.then(() => false), late]);
    clearTimeout(timer);
    return isLate ? busy(count) : decide();
  }

  private start(user: string, proof: string): PasswordAttempt {
    let settle: () => void = () => undefined;
    const settled = new Promise<void>((resolve) => (settle = resolve));
    const entry: Running = { proof, since: Date.now(), settled };
    this.running.set(user, [...this.runningOf(user), entry]);
    const leave = (): void => {
      this.leave(user, entry);
      settle();
    };
    const end = once((outcome: 'right' | 'wrong' | 'unknown') => {
      if (outcome === 'right') this.right.set(proof, true);
      // On its way until it is counted, so that nothing slips in between.
      const counted = outcome === 'wrong' ? this.count(user) : undefined;
      if (counted) void counted.then(leave);
      else leave();
    });
    return {
      succeeded: () => end('right'),
      failed: () => end('wrong'),
      abandoned: (sent) => end(sent ? 'wrong' : 'unknown'),
    };
  }

  /** A password that was right: it may have been changed since. */
  private known(user: string, proof: string): PasswordAttempt {
    const end = once((outcome: 'right' | 'wrong' | 'unknown') => {
      if (outcome === 'right') this.right.set(proof, true);
      if (outcome !== 'wrong') return;
      this.right.delete(proof);
      void this.count(user);
    });
    return { succeeded: () => end('right'), failed: () => end('wrong'), abandoned: () => end('unknown') };
  }

  private count(user: string): Promise<unknown> | undefined {
    const counted = this.storage.hit(user, WINDOW_MS, WRONG_PASSWORDS);
    return counted instanceof Promise ? counted : undefined;
  }

  /** What has no answer after the window would count no more if it were wrong. */
  private runningOf(user: string): Running[] {
    const oldest = Date.now() - WINDOW_MS;
    return (this.running.get(user) ?? []).filter((entry) => entry.since > oldest);
  }

  private leave(user: string, entry: Running): void {
    const others = this.runningOf(user).filter((other) => other !== entry);
    if (others.length > 0) this.running.set(user, others);
    else this.running.delete(user);
  }
}

/** As many passwords as may turn out wrong are on their way: in a moment there is room, or none for minutes. */
function busy(count: WindowCount): FailureBlock {
  const full = { ...count, allowed: false, remaining: 0, waitMs: 1000 };
  return blockOf(POLICY, full) ?? { retryAfterSeconds: 1, fields: [] };
}

function once<T>(act: (value: T) => void): (value: T) => void {
  let done = false;
  return (value) => {
    if (done) return;
    done = true;
    act(value);
  };
}

/**
 * The products compare user names without case, and databases look further away: many pass over spaces at the end.
 * Whoever is told apart too little merely shares a count. Hashed: a name may be as long as a header.
 */
function userOf(application: string, username: string): string {
  const name = username.normalize('NFKC').toLowerCase().trim();
  return `password:${sha256(`${application}\0${name}`)}`;
}
