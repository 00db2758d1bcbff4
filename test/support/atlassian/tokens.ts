import { randomBytes, randomInt } from 'node:crypto';
import type { StandInProduct, StandInUser } from './types.js';

export interface StandInToken {
  id: string;
  name: string;
  user: string;
  token: string;
  createdAt: Date;
  expiresAt: Date | null;
}

const DAY_MS = 86_400_000;

/** Personal access tokens in the products' real format: 12 digits, a colon, 20 random bytes, in base64. */
export class TokenStore {
  private readonly tokens = new Map<string, StandInToken>();

  constructor(private readonly product: StandInProduct) {}

  /** `days` of life, counted from `createdAt`; null: for ever. */
  issue(user: StandInUser, name = 'test', days: number | null = null, createdAt = new Date()): StandInToken {
    const id = String(randomInt(100_000_000_000, 281_474_976_710_655)).slice(0, 12);
    const body = Buffer.concat([Buffer.from(`${id}:`, 'ascii'), randomBytes(20)]).toString('base64');
    const token = this.product === 'bitbucket' ? `BBDC-${body}` : body;
    const expiresAt = days === null ? null : new Date(createdAt.getTime() + days * DAY_MS);
    const issued = { id, name, user: user.name, token, createdAt, expiresAt };
    this.tokens.set(token, issued);
    return issued;
  }

  find(token: string): StandInToken | null {
    const found = this.tokens.get(token);
    return found && (found.expiresAt === null || found.expiresAt.getTime() > Date.now()) ? found : null;
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
