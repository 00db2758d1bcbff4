import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Put } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { API } from '../../platform/http/api.js';
import { ProblemError } from '../../platform/http/problem.js';
import { Access, CurrentActor } from '../access/access.port.js';
import type { Actor } from '../access/access.port.js';
import { DirectoryUnavailableError } from '../directory/directory.port.js';
import { StoreCredential, StoredCredentialPage, StoredCredentialView } from './dto/credentials.dto.js';
import { statusOf, warningOf } from './stored-pat-state.policy.js';
import { STORED_PATS } from './stored-pats.port.js';
import type { NewStoredPat, StoredPatInfo, StoredPatsPort } from './stored-pats.port.js';

/** What users store so that Restgate can act as them (identity mode `pat`). */
@ApiTags('me')
@Controller(`${API}/me/credentials`)
export class MyCredentialsController {
  constructor(@Inject(STORED_PATS) private readonly storedPats: StoredPatsPort) {}

  /** For which applications a token is stored, and whether it will do. */
  @Get()
  @Access('user')
  list(@CurrentActor() actor: Actor): StoredCredentialPage {
    return { items: this.storedPats.listOf(userOf(actor).username).map(viewOf), nextCursor: null };
  }

  /** Stores the user's own personal access token, once the application has confirmed whose it is. */
  @Put(':applicationKey')
  @Access('user')
  async store(
    @Param('applicationKey') key: string,
    @Body() body: StoreCredential,
    @CurrentActor() actor: Actor,
  ): Promise<StoredCredentialView> {
    try {
      return viewOf(await this.storedPats.store(key, newPatOf(body), userOf(actor)));
    } catch (error) {
      if (!(error instanceof DirectoryUnavailableError)) throw error;
      const headers = { 'retry-after': String(error.retryAfterSeconds) };
      throw new ProblemError(
        503,
        'directory_unavailable',
        'The application cannot be asked at the moment.',
        undefined,
        headers,
      );
    }
  }

  /** Forgets the stored token. */
  @Delete(':applicationKey')
  @HttpCode(204)
  @Access('user')
  async remove(@Param('applicationKey') key: string, @CurrentActor() actor: Actor): Promise<void> {
    await this.storedPats.remove(key, userOf(actor));
  }
}

/** The bootstrap admin is nobody in the applications. */
function userOf(actor: Actor): Actor {
  if (!actor.bootstrap) return actor;
  throw new ProblemError(403, 'not_a_user', 'ADMIN_TOKEN is no user of an application. Sign in as yourself.');
}

function newPatOf({ personalAccessToken, expiresAt }: StoreCredential): NewStoredPat {
  return { personalAccessToken, ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt) }) };
}

function viewOf(info: StoredPatInfo): StoredCredentialView {
  const now = Date.now();
  return {
    application: info.applicationKey,
    personalAccessTokenSet: true,
    storedAt: info.storedAt.toISOString(),
    expiresAt: info.expiresAt?.toISOString() ?? null,
    status: statusOf(info, now),
    warning: warningOf(info, now) ?? null,
  };
}
