import type { Exchange } from './exchange.port.js';
import type { PipelineGuard } from './pipeline.port.js';

export const PIPELINE = Symbol('PIPELINE');

/**
 * Where the gateway leaves its steps, in their order, and the way to make an exchange from a request head, so
 * that explain runs exactly the code that decides real requests.
 */
export interface PipelinePort {
  register(pipeline: GatewayPipeline): void;
  readonly current: GatewayPipeline;
}

export interface GatewayPipeline {
  readonly steps: readonly PipelineGuard[];
  /** The framing and path checks of step 0 for a synthetic request, then a dry-run exchange. */
  dryRun(request: DryRunRequest): Exchange;
}

export interface DryRunRequest {
  readonly method: string;
  /** Path and query as a client would send them. */
  readonly target: string;
  readonly host: string;
  /** Alternating names and values. */
  readonly rawHeaders: readonly string[];
  readonly clientIp: string;
}
