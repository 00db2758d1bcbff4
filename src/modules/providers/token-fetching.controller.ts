import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Body, Controller, Get, Headers, HttpCode, Param, ParseUUIDPipe, Post, Res } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { API } from '../../platform/http/api.js';
import { Access, CurrentActor } from '../access/access.port.js';
import type { Actor } from '../access/access.port.js';
import { AuthorizationsService } from './authorizations.service.js';
import {
  AuthorizationResultView,
  AuthorizationView,
  ClientCredentialsInput,
  ClientCredentialsView,
  UserinfoInput,
  UserinfoView,
} from './dto/token-fetching.dto.js';
import { bindingCookie } from './oauth-callback.controller.js';
import { ProvidersService } from './providers.service.js';
import { TokenFetching } from './token-fetching.service.js';

@ApiTags('providers')
@Controller(`${API}/providers/:id`)
export class TokenFetchingController {
  constructor(
    private readonly authorizations: AuthorizationsService,
    private readonly fetching: TokenFetching,
    private readonly providers: ProvidersService,
  ) {}

  /** "Fetch token": begins a sign-in with the provider in the browser. */
  @Post('authorization')
  @Access('admin')
  async authorize(
    @Param('id', ParseUUIDPipe) id: string,
    @CurrentActor() actor: Actor,
    @Headers() headers: IncomingHttpHeaders,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AuthorizationView> {
    const binding = isFromPage(headers) ? randomBytes(32).toString('base64url') : undefined;
    const view = await this.authorizations.begin(id, actor, binding);
    if (binding !== undefined) {
      const secure = this.providers.publicUrl.startsWith('https:');
      void reply.header('set-cookie', bindingCookie(view.state, binding, secure));
    }
    return view;
  }

  /** What became of the sign-in; the token is given once, to the admin who began. */
  @Get('authorization/:state')
  @Access('admin')
  collect(
    @Param('id', ParseUUIDPipe) id: string,
    @Param('state') state: string,
    @CurrentActor() actor: Actor,
  ): Promise<AuthorizationResultView> {
    return this.authorizations.collect(id, state, actor);
  }

  /** A token that the client gets for itself. */
  @Post('client-credentials')
  @ApiBody({ type: ClientCredentialsInput, required: false })
  @Access('admin')
  @HttpCode(200)
  clientCredentials(
    @Param('id', ParseUUIDPipe) id: string,
    @Body() input?: ClientCredentialsInput,
  ): Promise<ClientCredentialsView> {
    return this.fetching.clientCredentials(id, input?.scope);
  }

  /** "Get response": what the provider says about an access token, with every attribute. */
  @Post('userinfo')
  @Access('admin')
  @HttpCode(200)
  userinfo(@Param('id', ParseUUIDPipe) id: string, @Body() input: UserinfoInput): Promise<UserinfoView> {
    return this.fetching.userinfo(id, input.accessToken);
  }
}

/**
 * Browsers say where a page's POST comes from, by Sec-Fetch-Site or, at plain http addresses, by Origin alone. A page
 * can remove neither, and programs send neither: Node's fetch says Sec-Fetch-Mode only.
 */
function isFromPage(headers: IncomingHttpHeaders): boolean {
  return headers['sec-fetch-site'] !== undefined || headers.origin !== undefined;
}
