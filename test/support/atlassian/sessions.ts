import { randomBytes } from 'node:crypto';
import type { StandInProduct } from './types.js';

/** Server-side sessions and remember-me cookies. A session may be anonymous. */
export class SessionStore {
  readonly cookieName: string;
  private readonly sessions = new Map<string, string | null>();
  private readonly remembered = new Map<string, string>();

  constructor(product: StandInProduct) {
    this.cookieName = product === 'bitbucket' ? 'BITBUCKETSESSIONID' : 'JSESSIONID';
  }

  newId(): string {
    return randomBytes(16).toString('hex').toUpperCase();
  }

  open(id: string, user: string | null): string {
    this.sessions.set(id, user);
    return id;
  }

  /** `undefined`: no such session; `null`: an anonymous one. */
  userOf(id: string): string | null | undefined {
    return this.sessions.get(id);
  }

  end(id: string): boolean {
    return this.sessions.delete(id);
  }

  remember(user: string): string {
    const value = randomBytes(20).toString('hex');
    this.remembered.set(value, user);
    return value;
  }

  rememberedUser(value: string): string | null {
    return this.remembered.get(value) ?? null;
  }
}

/** Cookies of one request; of a repeated name the first counts. */
export function parseCookies(fields: string[]): Map<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of fields.join('; ').split(';')) {
    const at = pair.indexOf('=');
    if (at < 1) continue;
    const name = pair.slice(0, at).trim();
    if (!cookies.has(name)) cookies.set(name, pair.slice(at + 1).trim());
  }
  return cookies;
}
