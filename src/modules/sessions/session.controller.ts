import { Controller, Delete, Get, Headers, HttpCode, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { API } from '../../platform/http/api.js';
import { Access, CurrentActor } from '../access/access.port.js';
import type { Actor } from '../access/access.port.js';
import { BrowserSessions } from './browser-sessions.service.js';
import { SessionView, SignOutQuery } from './dto/session.dto.js';
import { expiredCookie } from './session-cookies.policy.js';

/** The browser session of the caller. */
@ApiTags('session')
@Controller(`${API}/session`)
export class SessionController {
  constructor(private readonly sessions: BrowserSessions) {}

  /** Who is signed in, and the CSRF token for changes. */
  @Access('user')
  @Get()
  async read(
    @CurrentActor() actor: Actor,
    @Headers('cookie') cookie: string | undefined,
  ): Promise<SessionView> {
    const { username, level, credential } = actor;
    const current =
      credential.kind === 'session' ? await this.sessions.current(cookie, Date.now()) : undefined;
    return {
      username,
      level,
      provider: current ? (credential.name ?? null) : null,
      expiresAt: current?.session.expiresAt.toISOString() ?? null,
      csrfToken: current?.csrfToken ?? null,
    };
  }

  /** Signs out. Changes nothing for callers that did not sign in with a browser. */
  @Access('user')
  @Delete()
  @HttpCode(204)
  async end(
    @CurrentActor() actor: Actor,
    @Headers('cookie') cookie: string | undefined,
    @Query() query: SignOutQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    if (actor.credential.kind !== 'session') return;
    const current = await this.sessions.current(cookie, Date.now());
    if (current) await this.sessions.end(current.session, query.everywhere === 'true');
    const { cookies } = this.sessions;
    void reply.header('set-cookie', expiredCookie(cookies, cookies.session));
  }
}
