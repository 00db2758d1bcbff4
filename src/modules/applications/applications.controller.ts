import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Inject,
  Param,
  Patch,
  Post,
  Res,
} from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { API } from '../../platform/http/api.js';
import { etagOf, expectedVersion } from '../../platform/http/etag.js';
import { AnswersEtag, TakesIfMatch } from '../../platform/openapi/etag-declarations.js';
import { Access, CurrentActor } from '../access/access.port.js';
import type { Actor } from '../access/access.port.js';
import { APPLICATION_ADMINISTRATION } from './application-administration.port.js';
import type { ApplicationAdministrationPort, VersionedView } from './application-administration.port.js';
import { ApplicationPage, ApplicationView } from './dto/application-view.dto.js';
import { CreateApplication, UpdateApplication } from './dto/application.dto.js';

@ApiTags('applications')
@Controller(`${API}/applications`)
export class ApplicationsController {
  constructor(
    @Inject(APPLICATION_ADMINISTRATION) private readonly applications: ApplicationAdministrationPort,
  ) {}

  /** Lists the fronted applications. */
  @Get()
  @Access('auditor')
  async list(): Promise<ApplicationPage> {
    const all = await this.applications.list();
    return { items: all.map(({ view }) => view), nextCursor: null };
  }

  /** Adds an application. Its key in the answer is its address from then on. */
  @Post()
  @Access('admin')
  @AnswersEtag()
  async create(
    @Body() body: CreateApplication,
    @CurrentActor() actor: Actor,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ApplicationView> {
    const { key, ...input } = body;
    return answer(reply, await this.applications.create(key, input, actor));
  }

  /** Shows one application. */
  @Get(':key')
  @Access('auditor')
  @AnswersEtag()
  async get(
    @Param('key') key: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ApplicationView> {
    return answer(reply, await this.applications.get(key));
  }

  /** Changes an application. What is absent stays, secrets included. */
  @Patch(':key')
  @Access('admin')
  @AnswersEtag()
  @TakesIfMatch()
  async update(
    @Param('key') key: string,
    @Body() body: UpdateApplication,
    @CurrentActor() actor: Actor,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ApplicationView> {
    return answer(reply, await this.applications.update(key, body, actor, expectedVersion(ifMatch)));
  }

  /** Removes an application; its stored personal access tokens go with it. */
  @Delete(':key')
  @HttpCode(204)
  @Access('admin')
  @TakesIfMatch()
  async remove(
    @Param('key') key: string,
    @CurrentActor() actor: Actor,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    await this.applications.remove(key, actor, expectedVersion(ifMatch));
  }
}

function answer(reply: FastifyReply, { view, version }: VersionedView): ApplicationView {
  reply.header('etag', etagOf(version));
  return view;
}
