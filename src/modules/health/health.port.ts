export const HEALTH = Symbol('HEALTH');

/** How one dependency is. `detail` and `warnings` are shown to everybody: no addresses, no secrets. */
export interface CheckResult {
  readonly ok: boolean;
  readonly detail?: string;
  readonly warnings?: readonly string[];
}

export type HealthCheck = () => CheckResult | Promise<CheckResult>;

export interface CheckOptions {
  /** True: without it this node must get no traffic (readiness 503). Default false: the node is `degraded`. */
  readonly required?: boolean;
  /** What it means for callers and admins while it is down, in a sentence; shown to everybody. */
  readonly effect?: string;
}

/**
 * Where features say how they are. A check that throws or takes longer than 2 s counts as down. Checks run
 * at most once a second, whoever asks.
 */
export interface HealthPort {
  /** Called in constructors. Throws when the name is taken. */
  register(name: string, check: HealthCheck, options?: CheckOptions): void;
  /** From now on the node is not ready; called when it begins to stop. */
  shutDown(): void;
}
