import { Inject, Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext, Type } from '@nestjs/common';
import type { PipelineGuard } from '../modules/decisions/pipeline.port.js';

/**
 * A guard for `@UseGuards` that runs the one instance of `guard` which its own module made. Nest would make a
 * second one here, with its own state, and ask for everything that the guard needs in this module.
 */
export function sharedGuard(guard: Type<PipelineGuard>): Type<CanActivate> {
  @Injectable()
  class SharedGuard implements CanActivate {
    constructor(@Inject(guard) private readonly shared: PipelineGuard) {}

    canActivate(context: ExecutionContext): boolean | Promise<boolean> {
      return this.shared.canActivate(context);
    }
  }
  return SharedGuard;
}
