import { All, Controller, Req, Res, UseFilters, UseGuards } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DataPlane } from '../modules/access/access.port.js';
import { ApplicationGuard } from '../modules/applications/application.guard.js';
import { AuthenticationGuard } from '../modules/credentials/authentication.guard.js';
import { CredentialGuard } from '../modules/credentials/credential.guard.js';
import { MasterSwitchGuard } from '../modules/global-settings/master-switch.guard.js';
import { BypassGuard } from '../modules/public-api/bypass.guard.js';
import { PublicApiGuard } from '../modules/public-api/public-api.guard.js';
import { RateLimitGuard } from '../modules/rate-limit/rate-limit.guard.js';
import { AddressGuard } from '../modules/restrictions/address.guard.js';
import { PermissionGuard } from '../modules/restrictions/permission.guard.js';
import { DATA_PLANE_ROUTE, exchangeOf } from './admission.service.js';
import { AllowedGuard } from './allowed.guard.js';
import { Forwarder } from './forwarder.service.js';
import { GatewayExceptionFilter } from './gateway-exception.filter.js';
import { sharedGuard } from './shared-guard.js';

/** The steps of the pipeline, in the order in which a request goes through them. */
export const PIPELINE_STEPS = [
  ApplicationGuard, // 1, 2: which application; API or web traffic
  MasterSwitchGuard, // 3: REST API authentication off
  AddressGuard, // 4: from where
  BypassGuard, // 5: APIs that the application authenticates itself
  CredentialGuard, // 6: which credential, and is its kind allowed
  PublicApiGuard, // 7: no credential: public or refused
  AuthenticationGuard, // 8: verify, and find the user
  PermissionGuard, // 9: may this user do this
  RateLimitGuard, // 10: how often
  AllowedGuard, // nobody refused: the decision is to forward as the user
] as const;

/**
 * READ THIS FIRST. The life of one proxied request: framing and the canonical path were checked before routing
 * (admission.service.ts), then the steps decide in their order, each a guard, then the request is forwarded. A
 * guard continues, forwards now, or refuses with a reason; what throws is refused with 503. A decision ends the
 * run, but for one: what step 7 lets through without a credential is still counted by step 10. Restgate's own
 * routes never come here. There is no interceptor: it would cost more than all guards together.
 */
@Controller()
@DataPlane()
@ApiExcludeController()
@UseFilters(GatewayExceptionFilter)
@UseGuards(...PIPELINE_STEPS.map(sharedGuard))
export class GatewayController {
  constructor(private readonly forwarder: Forwarder) {}

  @RouteConfig({ rawStream: true })
  @All(DATA_PLANE_ROUTE)
  proxy(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    reply.hijack();
    this.forwarder.forward(exchangeOf(request.raw), request.raw, reply.raw);
  }
}
