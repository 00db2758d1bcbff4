import type { EnvironmentReader } from './environment-reader.js';

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** Where spans go, and which; the standard variables of OpenTelemetry say it. */
export interface TracingConfig {
  /** The collector's address for traces. */
  readonly url: string;
  /** Sent with every batch; may hold a credential. */
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  readonly sampler: (typeof SAMPLERS)[number];
  /** 0 to 1, for the samplers by ratio. */
  readonly samplerRatio: number;
}

/** Undefined when no collector is named, or `OTEL_SDK_DISABLED` is true: tracing is off. */
export function readTracing(env: EnvironmentReader): TracingConfig | undefined {
  const protocols = ['http:', 'https:'];
  const base = env.url('OTEL_EXPORTER_OTLP_ENDPOINT', protocols)?.replace(/\/+$/, '');
  const own = env.url('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', protocols);
  const url = own ?? (base === undefined ? undefined : `${base}/v1/traces`);
  const tracing = {
    headers: env.pairs('OTEL_EXPORTER_OTLP_HEADERS'),
    serviceName: env.text('OTEL_SERVICE_NAME') ?? 'restgate',
    sampler: env.oneOf('OTEL_TRACES_SAMPLER', SAMPLERS) ?? 'parentbased_always_on',
    samplerRatio: env.ratio('OTEL_TRACES_SAMPLER_ARG') ?? 1,
  };
  if (env.flag('OTEL_SDK_DISABLED') === true || url === undefined) return undefined;
  return { url, ...tracing };
}
