import { Controller, Delete, Get, HttpCode, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { API } from '../../platform/http/api.js';
import { Access, CurrentActor } from '../access/access.port.js';
import type { Actor } from '../access/access.port.js';
import {
  BrowserSessionPage,
  EndedSessionsView,
  EndSessionsQuery,
  SessionsQuery,
} from './dto/sessions.dto.js';
import { SessionAdministration } from './session-administration.service.js';

/** Everybody's browser sessions, for admins. */
@ApiTags('sessions')
@Controller(`${API}/sessions`)
export class SessionsController {
  constructor(private readonly sessions: SessionAdministration) {}

  /** Lists the browsers that people are signed in with, the newest sign-in first. */
  @Access('auditor')
  @Get()
  list(@Query() query: SessionsQuery): Promise<BrowserSessionPage> {
    return this.sessions.list(query);
  }

  /** Signs a user out on all browsers. API tokens go on working: `DELETE /tokens?username=` revokes them. */
  @Access('admin')
  @Delete()
  async endAll(@Query() query: EndSessionsQuery, @CurrentActor() actor: Actor): Promise<EndedSessionsView> {
    return { ended: await this.sessions.endAllOf(query.username, actor) };
  }

  /** Signs one browser out. */
  @Access('admin')
  @Delete(':id')
  @HttpCode(204)
  end(@Param('id') id: string, @CurrentActor() actor: Actor): Promise<void> {
    return this.sessions.end(id, actor);
  }
}
