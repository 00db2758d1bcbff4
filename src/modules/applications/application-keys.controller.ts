import { Body, Controller, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { API } from '../../platform/http/api.js';
import { etagOf } from '../../platform/http/etag.js';
import { AnswersEtag } from '../../platform/openapi/etag-declarations.js';
import { Access, CurrentActor } from '../access/access.port.js';
import type { Actor } from '../access/access.port.js';
import type { VersionedView } from './application-administration.port.js';
import { ApplicationsService } from './applications.service.js';
import { RotateIdentityKey } from './dto/application.dto.js';
import { ApplicationView } from './dto/application-view.dto.js';

/** Rotation of the key that signs as the user (identity mode `oauth1`). */
@ApiTags('applications')
@Controller(`${API}/applications/:key/identity-key`)
export class ApplicationKeysController {
  constructor(private readonly applications: ApplicationsService) {}

  /**
   * Makes the next key: enter `nextPublicKey` in the application, then activate it. The present key signs on. With a
   * `consumerKey` of its own it gets a second link there, so that both keys are trusted until the activation.
   */
  @Post('rotation')
  @Access('admin')
  @AnswersEtag()
  async prepare(
    @Param('key') key: string,
    @CurrentActor() actor: Actor,
    @Res({ passthrough: true }) reply: FastifyReply,
    @Body() body?: RotateIdentityKey,
  ): Promise<ApplicationView> {
    return answer(reply, await this.applications.prepareNextKey(key, body?.consumerKey, actor));
  }

  /** Signs with the next key from now on. */
  @Post('activation')
  @HttpCode(200)
  @Access('admin')
  @AnswersEtag()
  async activate(
    @Param('key') key: string,
    @CurrentActor() actor: Actor,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ApplicationView> {
    return answer(reply, await this.applications.activateNextKey(key, actor));
  }
}

function answer(reply: FastifyReply, { view, version }: VersionedView): ApplicationView {
  reply.header('etag', etagOf(version));
  return view;
}
