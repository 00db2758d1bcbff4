import { Module } from '@nestjs/common';
import { ControlRoutes } from './control-routes.js';

/** What the control plane needs of HTTP and no feature owns. */
@Module({ providers: [ControlRoutes], exports: [ControlRoutes] })
export class ControlHttpModule {}
