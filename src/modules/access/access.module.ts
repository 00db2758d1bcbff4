import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ControlHttpModule } from '../../platform/http/control-http.module.js';
import { CredentialsModule } from '../credentials/credentials.module.js';
import { RestrictionsModule } from '../restrictions/restrictions.module.js';
import { AccessGuard } from './access.guard.js';
import { AccessService } from './access.service.js';
import { FailedSignIns } from './failed-sign-ins.service.js';
import { UnknownRouteController } from './unknown-route.controller.js';

/** Who may use the control plane: the guard of every route. */
@Module({
  imports: [ControlHttpModule, CredentialsModule, RestrictionsModule],
  controllers: [UnknownRouteController],
  providers: [AccessService, FailedSignIns, { provide: APP_GUARD, useClass: AccessGuard }],
})
export class AccessModule {}
