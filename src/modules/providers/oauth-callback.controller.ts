import { Controller, Get, Inject, Optional, Query, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sha256 } from '../../platform/crypto/sha256.js';
import { requestIdOf } from '../../platform/http/request-id.js';
import { Access } from '../access/access.port.js';
import { PAGE_HEADERS } from './authorization-page.policy.js';
import { AuthorizationsService } from './authorizations.service.js';
import { CALLBACK_PATH } from './providers.service.js';
import { SIGN_IN_CALLBACK } from './sign-in.port.js';
import type { SignInCallbackPort } from './sign-in.port.js';

const COOKIE_PREFIX = 'restgate-fetch-';
const COOKIE_SECONDS = 600;

/** Binds a sign-in to the browser that it was begun in. The name holds part of the state's hash: several may run. */
export function bindingCookie(state: string, value: string, secure: boolean): string {
  const attributes = `Path=/${CALLBACK_PATH}; HttpOnly; SameSite=Lax; Max-Age=${COOKIE_SECONDS}${secure ? '; Secure' : ''}`;
  return `${cookieName(state)}=${value}; ${attributes}`;
}

function cookieName(state: string): string {
  return `${COOKIE_PREFIX}${sha256(state).slice(0, 12)}`;
}

/** Where providers send the browser back to. Public: what protects it is the state. */
@ApiExcludeController()
@Controller(CALLBACK_PATH)
export class OAuthCallbackController {
  constructor(
    private readonly authorizations: AuthorizationsService,
    @Optional() @Inject(SIGN_IN_CALLBACK) private readonly signIns: SignInCallbackPort | undefined,
  ) {}

  @Get()
  @Access('public')
  async callback(
    @Query() query: Record<string, unknown>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { cookie: cookies, 'user-agent': userAgent } = request.headers;
    const signedIn = await this.signIns?.complete(query, {
      cookie: cookies,
      requestId: requestIdOf(request.raw),
      peerIp: request.raw.socket.remoteAddress ?? '',
      userAgent,
    });
    if (signedIn) {
      const headers = { ...PAGE_HEADERS, ...signedIn.headers };
      await reply.code(signedIn.status).headers(headers).send(signedIn.html);
      return;
    }
    const cookie =
      typeof query['state'] === 'string' ? cookieOf(cookies, cookieName(query['state'])) : undefined;
    const { status, html } = await this.authorizations.complete(query, cookie);
    await reply.code(status).headers(PAGE_HEADERS).send(html);
  }
}

function cookieOf(cookies: string | undefined, name: string): string | undefined {
  const pair = cookies?.split(';').find((part) => part.trim().startsWith(`${name}=`));
  return pair?.trim().slice(name.length + 1);
}
