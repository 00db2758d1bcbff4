import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Access } from '../access/access.port.js';
import { PAGE_HEADERS } from './sign-in-page.policy.js';
import { SignIn } from './sign-in.service.js';

/** Where people begin to sign in with a browser. */
@ApiExcludeController()
@Controller('restgate/session')
export class SignInController {
  constructor(private readonly signIn: SignIn) {}

  @Get('sign-in')
  @Access('public')
  async begin(@Query() query: Record<string, unknown>, @Res() reply: FastifyReply): Promise<void> {
    const { status, headers, html } = await this.signIn.begin(query);
    await reply
      .code(status)
      .headers({ ...PAGE_HEADERS, ...headers })
      .send(html);
  }
}
