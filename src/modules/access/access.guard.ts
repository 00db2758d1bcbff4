import { Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { requireReadBody } from '../../platform/http/body-parsers.js';
import { crossSite, levelNeeded, undeclared } from './access.errors.js';
import { mayCall } from './access.policy.js';
import { ACCESS_METADATA, PUBLIC_WHEN_METADATA } from './access.port.js';
import type { AccessLevel, Actor, PublicFlag } from './access.port.js';
import { AccessService } from './access.service.js';

/** Asks every control-plane route who may call it. A route that does not say is closed. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly access: AccessService,
    private readonly reflector: Reflector,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const declared = [context.getHandler(), context.getClass()];
    const required = this.reflector.getAllAndOverride<AccessLevel | undefined>(ACCESS_METADATA, declared);
    if (required === undefined) throw undeclared();
    const request = context.switchToHttp().getRequest<FastifyRequest & { actor?: Actor }>();
    if (this.access.isCrossSite(request)) throw crossSite();
    const flag = this.reflector.get<PublicFlag | undefined>(PUBLIC_WHEN_METADATA, context.getHandler());
    if (required !== 'public' && !this.access.isOpened(flag)) return this.admit(request, required);
    requireReadBody(request);
    return true;
  }

  private async admit(request: FastifyRequest & { actor?: Actor }, required: AccessLevel): Promise<boolean> {
    const actor = await this.access.identify(request);
    if (!mayCall(required, actor.level)) throw levelNeeded(required);
    requireReadBody(request);
    request.actor = actor;
    return true;
  }
}
