import { Body, Controller, Get, Headers, Put, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { normaliseIp } from '../../lib/ip-set.js';
import { API } from '../../platform/http/api.js';
import { etagOf, expectedVersion } from '../../platform/http/etag.js';
import type { StoredSetting } from '../../platform/settings/settings.port.js';
import { AnswersEtag, TakesIfMatch } from '../../platform/openapi/etag-declarations.js';
import { Access, CurrentActor } from '../access/access.port.js';
import type { Actor } from '../access/access.port.js';
import {
  ConfirmQuery,
  IpRestrictionsDto,
  IpRestrictionsView,
  WhoAmIView,
} from './dto/ip-restrictions.dto.js';
import { IpRestrictionsService } from './ip-restrictions.service.js';
import type { IpSettings, Origin } from './ip-settings.policy.js';

@ApiTags('restrictions')
@Controller(`${API}/restrictions/ip`)
export class IpRestrictionsController {
  constructor(private readonly service: IpRestrictionsService) {}

  /** The IP restrictions. */
  @Get()
  @Access('auditor')
  @AnswersEtag()
  async read(@Res({ passthrough: true }) reply: FastifyReply): Promise<IpRestrictionsView> {
    return answer(await this.service.read(), reply);
  }

  /** Replaces the IP restrictions. 409 `would_lock_out` when your own address is not in the list. */
  @Put()
  @Access('admin')
  @AnswersEtag()
  @TakesIfMatch()
  async replace(
    @Body() body: IpRestrictionsDto,
    @Query() query: ConfirmQuery,
    @Headers('if-match') ifMatch: string | undefined,
    @CurrentActor() actor: Actor,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<IpRestrictionsView> {
    const change = {
      settings: body,
      origin: originOf(request),
      confirmed: query.confirm === true,
      expectedVersion: expectedVersion(ifMatch),
    };
    return answer(await this.service.replace(change, actor), reply);
  }

  /** Your own address as the data plane would see it, to be put on the list before it is switched on. */
  @Get('whoami')
  @Access('auditor')
  whoAmI(@Req() request: FastifyRequest): WhoAmIView {
    const { header, walk, ...seen } = this.service.whoAmI(originOf(request));
    return {
      ...seen,
      header: { ...header, lines: [...header.lines] },
      walk: walk.map((hop) => ({ ...hop, address: hop.address ?? null })),
    };
  }
}

function originOf(request: FastifyRequest): Origin {
  const peer = request.raw.socket.remoteAddress ?? '';
  return { peerIp: normaliseIp(peer) ?? peer, rawHeaders: request.raw.rawHeaders };
}

function answer({ value, version }: StoredSetting<IpSettings>, reply: FastifyReply): IpRestrictionsView {
  reply.header('ETag', etagOf(version));
  const { reverseProxy } = value;
  return {
    enabled: value.enabled,
    allowed: [...value.allowed],
    reverseProxy: { ...reverseProxy, trustedProxies: [...reverseProxy.trustedProxies] },
    mode: value.mode,
  };
}
