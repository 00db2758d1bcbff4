import { Inject, Injectable } from '@nestjs/common';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { ProblemError } from '../../platform/http/problem.js';
import type { Actor } from '../access/access.port.js';
import { GLOBAL_SETTINGS } from '../global-settings/global-settings.port.js';
import { GROUP_RESTRICTIONS } from '../restrictions/restrictions.port.js';
import { refuseCreation, refuseScope } from './token-creation.policy.js';
import type { CreationRefusal, CreationRules } from './token-creation.policy.js';
import type { TokenScope } from './token-limits.policy.js';

/** Who may create tokens by the settings in force. */
@Injectable()
export class TokenCreators {
  constructor(@Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort) {}

  get rules(): CreationRules {
    const snapshot = this.changeFeed.current;
    const { tokenCreation } = GROUP_RESTRICTIONS.of(snapshot);
    return {
      userTokenCreationAllowed: GLOBAL_SETTINGS.of(snapshot).userTokenCreationAllowed,
      creatorGroups: tokenCreation.enabled ? tokenCreation.groupKeys : undefined,
    };
  }

  mayCreate(actor: Actor): boolean {
    return refuseCreation(actor, this.rules) === undefined;
  }

  /** Throws 403 when the actor may not make a token, or not of this scope. */
  check(actor: Actor, scope: TokenScope = 'read'): void {
    throwIfAny(refuseCreation(actor, this.rules) ?? refuseScope(actor, scope));
  }
}

function throwIfAny(refusal: CreationRefusal | undefined): void {
  if (refusal) throw new ProblemError(403, refusal.code, refusal.detail);
}
