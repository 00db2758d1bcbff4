import { Injectable } from '@nestjs/common';
import type { GatewayPipeline, PipelinePort } from './decisions.port.js';

/** Holds the steps that the gateway left here at start. */
@Injectable()
export class PipelineRegistry implements PipelinePort {
  private pipeline: GatewayPipeline | undefined;

  register(pipeline: GatewayPipeline): void {
    this.pipeline = pipeline;
  }

  /** Throws while the gateway has not registered its steps. */
  get current(): GatewayPipeline {
    if (!this.pipeline) throw new Error('The gateway has not registered its pipeline.');
    return this.pipeline;
  }
}
