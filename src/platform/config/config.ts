import type { LevelWithSilent } from 'pino';
import type { TracingConfig } from './tracing-config.js';

/** The validated, frozen configuration of one process. Units are in the names. */
export interface Config {
  /** Folder that holds package.json, node_modules and scripts. */
  readonly installDir: string;
  readonly version: string;
  readonly host: string;
  readonly port: number;
  readonly controlHost: string;
  /** Undefined: the control plane shares the data plane's listener. */
  readonly controlPort: number | undefined;
  /** Without trailing slash. */
  readonly publicUrl: string;
  /** Undefined: the embedded database in `dataDir`. */
  readonly databaseUrl: string | undefined;
  readonly dataDir: string;
  readonly redisUrl: string | undefined;
  /** The first encrypts; all decrypt. */
  readonly encryptionKeys: readonly Buffer[];
  /** True when ENCRYPTION_KEY was unset and DATA_DIR held none: the first was made just now. */
  readonly encryptionKeyGenerated: boolean;
  readonly adminToken: string;
  /** True when the token was made at this start: it is printed once. */
  readonly adminTokenGenerated: boolean;
  readonly configurationFile: string | undefined;
  readonly bootstrapApplications: Readonly<Partial<Record<'jira' | 'confluence' | 'bitbucket', string>>>;
  readonly logLevel: LevelWithSilent;
  readonly logFormat: 'json' | 'pretty';
  readonly metricsPublic: boolean;
  /** Host names that providers may be reached at over plain http or at private addresses (besides loopback). */
  readonly providerAllowedHosts: readonly string[];
  /** Seconds that in-flight requests get after SIGTERM. */
  readonly shutdownGraceSeconds: number;
  /** Undefined: no spans are made. */
  readonly tracing: TracingConfig | undefined;
}

export const CONFIG = Symbol('CONFIG');
