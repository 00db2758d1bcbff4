import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';

/** How one dependency is. */
export class CheckView {
  @ApiProperty({ enum: ['up', 'degraded', 'down'] })
  status: 'up' | 'degraded' | 'down';

  /** Whether the node is taken out of service without it. */
  required: boolean;

  /** What it means for callers and admins while it is down. */
  effect?: string;

  /** What is wrong, in words. */
  detail?: string;

  /** What works but needs a look. */
  warnings?: string[];
}

/** Whether this node can take traffic, and how each dependency is. */
@ApiExtraModels(CheckView)
export class ReadinessView {
  @ApiProperty({ enum: ['ok', 'degraded', 'unavailable', 'shutting-down'] })
  status: 'ok' | 'degraded' | 'unavailable' | 'shutting-down';

  /** By name of the dependency. */
  @ApiProperty({ type: 'object', additionalProperties: { $ref: getSchemaPath(CheckView) } })
  checks: Record<string, CheckView>;
}

/** The process answers. */
export class LivenessView {
  @ApiProperty({ enum: ['ok'] })
  status: 'ok';
}
