import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ControlHttpModule } from '../../platform/http/control-http.module.js';
import { AccessGuard } from './access.guard.js';
import { AccessService } from './access.service.js';
import { CallerAddress } from './caller-address.service.js';
import { FailedSignIns } from './failed-sign-ins.service.js';
import { UnknownRouteController } from './unknown-route.controller.js';

/**
 * Who may use the control plane: the guard of every route. What it asks (credentials, client addresses, browser
 * sessions) comes from global modules.
 */
@Module({
  imports: [ControlHttpModule],
  controllers: [UnknownRouteController],
  providers: [AccessService, CallerAddress, FailedSignIns, { provide: APP_GUARD, useClass: AccessGuard }],
})
export class AccessModule {}
