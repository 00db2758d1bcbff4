import { randomBytes, randomInt } from 'node:crypto';
import type { StandInProduct, StandInUser } from './types.js';

export interface StandInToken {
  id: string;
  name: string;
  user: string;
  token: string;
  createdAt: Date;
}

/** Personal access tokens in the products' real format: 12 digits, a colon, 20 random bytes, in base64. */
export class TokenStore {
  private readonly tokens = new Map<string, StandInToken>();

  constructor(private readonly product: StandInProduct) {}

  issue(user: StandInUser, name = 'test'): StandInToken {
    const id = String(randomInt(100_000_000_000, 281_474_976_710_655)).slice(0, 12);
    const body = Buffer.concat([Buffer.from(`${id}:`, 'ascii'), randomBytes(20)]).toString('base64');
    const token = this.product === 'bitbucket' ? `BBDC-${body}` : body;
    const issued = { id, name, user: user.name, token, createdAt: new Date() };
    this.tokens.set(token, issued);
    return issued;
  }

  find(token: string): StandInToken | null {
    return this.tokens.get(token) ?? null;
  }

  ofUser(user: string): StandInToken[] {
    return [...this.tokens.values()].filter((each) => each.user === user);
  }

  /** Takes the token back by its value or its id. */
  revoke(tokenOrId: string): boolean {
    for (const [value, each] of this.tokens) {
      if (value === tokenOrId || each.id === tokenOrId) return this.tokens.delete(value);
    }
    return false;
  }
}
