import { Injectable } from '@nestjs/common';
import type { Exchange, StepResult } from '../decisions/exchange.port.js';
import { forwardNow, PipelineGuard } from '../decisions/pipeline.port.js';
import { GLOBAL_SETTINGS } from './global-settings.port.js';

/** Step 3: with REST API authentication switched off, requests pass as they came. */
@Injectable()
export class MasterSwitchGuard extends PipelineGuard {
  readonly step = 'master-switch';

  decide(exchange: Exchange): StepResult {
    const { restApiAuthenticationEnabled } = GLOBAL_SETTINGS.of(exchange.snapshot);
    return restApiAuthenticationEnabled ? undefined : forwardNow('passed-through');
  }
}
