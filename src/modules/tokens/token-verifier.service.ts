import { Injectable } from '@nestjs/common';
import type { Snapshot } from '../../platform/change-feed/snapshot.js';
import { digestOf, isWellFormedToken } from './token-format.policy.js';
import { TOKEN_INDEX } from './token-index.repository.js';
import { TokenUseRecorder } from './token-use.service.js';
import type { ApiTokenPort, ApiTokenRefusal, KnownApiToken } from './tokens.port.js';

const MALFORMED: ApiTokenRefusal = { refused: 'token_malformed' };
const UNKNOWN: ApiTokenRefusal = { refused: 'token_unknown' };

@Injectable()
export class TokenVerifier implements ApiTokenPort {
  constructor(private readonly uses: TokenUseRecorder) {}

  verify(
    token: string,
    username: string | undefined,
    snapshot: Snapshot,
    now: number,
  ): KnownApiToken | ApiTokenRefusal {
    if (!isWellFormedToken(token)) return MALFORMED;
    const index = TOKEN_INDEX.of(snapshot);
    const secret = index.find(digestOf(token));
    if (secret < 0) return UNKNOWN;
    const known = index.tokenAt(secret);
    const state = index.stateOf(secret, now);
    if (state === 'revoked') return { refused: 'token_revoked', reference: known.reference };
    if (state === 'expired') return { refused: 'token_expired', reference: known.reference };
    if (username !== undefined && !isSameUser(username, known.username)) {
      return { refused: 'token_owner_mismatch', reference: known.reference };
    }
    return known;
  }

  noteUse(tokenId: string, clientIp: string, now: number, replaced?: boolean): void {
    this.uses.note(tokenId, clientIp, now, replaced);
  }
}

function isSameUser(given: string, owner: string): boolean {
  return given === owner || given.toLowerCase() === owner.toLowerCase();
}
