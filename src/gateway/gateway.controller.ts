import { Controller, Inject } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ApplicationGuard } from '../modules/applications/application.guard.js';
import { AuthenticationGuard } from '../modules/credentials/authentication.guard.js';
import { CredentialGuard } from '../modules/credentials/credential.guard.js';
import { PIPELINE } from '../modules/decisions/decisions.port.js';
import type { PipelinePort } from '../modules/decisions/decisions.port.js';
import { runSteps } from '../modules/decisions/pipeline.port.js';
import { MasterSwitchGuard } from '../modules/global-settings/master-switch.guard.js';
import { BypassGuard } from '../modules/public-api/bypass.guard.js';
import { PublicApiGuard } from '../modules/public-api/public-api.guard.js';
import { RateLimitGuard } from '../modules/rate-limit/rate-limit.guard.js';
import { AddressGuard } from '../modules/restrictions/address.guard.js';
import { PermissionGuard } from '../modules/restrictions/permission.guard.js';
import { AllowedGuard } from './allowed.guard.js';
import { ExchangeRecorder } from './exchange-recorder.service.js';
import type { GatewayExchange } from './exchange.js';
import { Forwarder } from './forwarder.service.js';

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
 * READ THIS FIRST. The life of one proxied request: framing and the canonical path were checked before
 * (admission.service.ts), then the guards decide in their order, then the request is forwarded. A guard continues,
 * forwards now, or refuses with a reason; what throws is refused with 503. A decision ends the run, but for one:
 * what step 7 lets through without a credential is still counted by step 10.
 *
 * The listener hands requests over directly, and the guards are run here: Nest's and Fastify's routing would cost
 * more than all guards together, and would read the path a second time (docs/adr/0006). Restgate's own routes
 * never come here, and no route of the framework leads here.
 */
@Controller()
@ApiExcludeController()
export class GatewayController {
  constructor(
    @Inject(PIPELINE) private readonly pipeline: PipelinePort,
    private readonly forwarder: Forwarder,
    private readonly recorder: ExchangeRecorder,
  ) {}

  /** Answers the client in every case; never throws and never rejects. */
  proxy(exchange: GatewayExchange, request: IncomingMessage, response: ServerResponse): void {
    try {
      const waiting = runSteps(this.pipeline.current.steps, exchange);
      if (waiting) void this.proxyLater(waiting, exchange, request, response);
      else if (mayComplete(exchange)) void this.proxyLater(nextTurn(), exchange, request, response);
      else this.carryOut(exchange, request, response);
    } catch (error) {
      this.recorder.fail(exchange, response, error);
    }
  }

  private async proxyLater(
    waiting: Promise<unknown>,
    exchange: GatewayExchange,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    try {
      await waiting;
      this.carryOut(exchange, request, response);
    } catch (error) {
      this.recorder.fail(exchange, response, error);
    }
  }

  private carryOut(exchange: GatewayExchange, request: IncomingMessage, response: ServerResponse): void {
    const { decision } = exchange;
    if (decision?.verdict === 'forward') this.forwarder.forward(exchange, request, response);
    else if (decision) this.recorder.deny(exchange, response, decision);
    else throw new Error('A request was to be carried out without a decision.');
  }
}

/**
 * A refused request whose body is announced but not read yet: small ones come in the same packet as the head, which
 * Node has not parsed to its end. One turn later it has, and the connection need not end because of them.
 */
function mayComplete({ decision, head }: GatewayExchange): boolean {
  return head.hasBody && decision?.verdict === 'deny';
}
