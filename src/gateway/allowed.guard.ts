import { Injectable } from '@nestjs/common';
import type { Exchange, StepResult } from '../modules/decisions/exchange.port.js';
import { PipelineGuard, forwardNow } from '../modules/decisions/pipeline.port.js';

/** The end of the pipeline: nobody refused. A request without a principal cannot have come this far. */
@Injectable()
export class AllowedGuard extends PipelineGuard {
  readonly step = 'allowed';

  decide(exchange: Exchange): StepResult {
    if (!exchange.principal)
      throw new Error('A request reached the end of the pipeline without a principal.');
    return forwardNow('forwarded');
  }
}
