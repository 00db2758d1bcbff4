import { Injectable } from '@nestjs/common';
import type { Exchange, StepResult } from '../decisions/exchange.port.js';
import { forwardNow, PipelineGuard } from '../decisions/pipeline.port.js';
import { apiCallOf } from './api-call.policy.js';
import { PUBLIC_API } from './public-api.port.js';
import { findBypass } from './public-api.policy.js';

/** Step 5: listed APIs go on with the caller's own credentials; the application authenticates. */
@Injectable()
export class BypassGuard extends PipelineGuard {
  readonly step = 'bypass';

  decide(exchange: Exchange): StepResult {
    return findBypass(PUBLIC_API.of(exchange.snapshot), apiCallOf(exchange)) && forwardNow('bypassed');
  }
}
