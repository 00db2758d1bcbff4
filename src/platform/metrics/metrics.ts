import { collectDefaultMetrics, Registry } from 'prom-client';

export const METRICS = Symbol('METRICS');

/** The registry of all Prometheus metrics. Names start with `restgate_`; labels are bounded (never paths or users). */
export function createMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'restgate_' });
  return registry;
}
