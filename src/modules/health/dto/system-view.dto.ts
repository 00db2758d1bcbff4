/** A service that Restgate uses. */
export class SystemServiceView {
  /** False: the built-in replacement is used (embedded database, counters in the process). */
  configured: boolean;

  /** Whether it answers now. */
  ok: boolean;

  /** Version of its software, where it tells. */
  version?: string;

  /** What is wrong, in words. */
  detail?: string;
}

/** One installation at a glance. */
export class SystemView {
  /** Version of Restgate. */
  version: string;

  /** Version of Node.js. */
  node: string;

  /** Operating system and processor architecture. */
  platform: string;

  /** When this process started, ISO 8601. */
  startedAt: string;

  /** Seconds since then. */
  uptimeSeconds: number;

  database: SystemServiceView;

  redis: SystemServiceView;

  /** Names of the applied migrations, oldest first. */
  migrations: string[];

  /** Grows with every change of settings that this node has taken over. */
  settingsVersion: number;
}
