import { readFile, stat } from 'node:fs/promises';
import { Inject, Injectable } from '@nestjs/common';
import { ConfigurationError } from '../../platform/config/read-config.js';
import { CONFIG } from '../../platform/config/config.js';
import type { Config } from '../../platform/config/config.js';
import { ProblemError } from '../../platform/http/problem.js';
import { LOGGER } from '../../platform/logging/logger.js';
import type { Logger } from '../../platform/logging/logger.js';
import type { Actor } from '../access/access.port.js';
import { parseDocument } from './configuration-document.policy.js';
import { ConfigurationService } from './configuration.service.js';

const LARGEST_FILE_BYTES = 1024 * 1024;

const FILE_ACTOR: Actor = {
  username: 'configuration-file',
  level: 'admin',
  groups: [],
  credential: { kind: 'none', name: 'RESTGATE_CONFIG' },
  bootstrap: true,
  clientIp: '',
  requestId: 'start',
};

/** Applies the document that RESTGATE_CONFIG names. */
@Injectable()
export class ConfigurationFile {
  constructor(
    @Inject(CONFIG) private readonly config: Pick<Config, 'configurationFile'>,
    private readonly configuration: ConfigurationService,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /**
   * Called once at start, after the settings were loaded. The document is in force when it answers. Throws
   * `ConfigurationError` that names each fault; nothing of the document is kept then.
   */
  async applyAtStart(): Promise<void> {
    const path = this.config.configurationFile;
    if (path === undefined) return;
    try {
      const document = await withFiles(parseDocument(await readLimited(path)));
      const changes = await this.configuration.apply(document, {
        actor: FILE_ACTOR,
        dryRun: false,
        confirmed: true,
      });
      this.log.info(
        { path, changes: changes.map((change) => change.path) },
        'the configuration file is in force',
      );
    } catch (error) {
      throw isRefusal(error) ? new ConfigurationError(faultsOf(path, error)) : error;
    }
  }
}

/** A database that is away is no fault of the document. */
function isRefusal(error: unknown): error is ProblemError | NodeJS.ErrnoException {
  if (error instanceof ProblemError) return error.status < 500;
  return typeof error === 'object' && error !== null && 'syscall' in error && 'path' in error;
}

function faultsOf(path: string, error: ProblemError | NodeJS.ErrnoException): string[] {
  if (!(error instanceof ProblemError)) return [`RESTGATE_CONFIG ${path}: ${error.message}`];
  const faults = error.errors ?? [];
  if (faults.length === 0) return [`RESTGATE_CONFIG ${path}: ${error.detail}`];
  return faults.map(({ field, message }) => `RESTGATE_CONFIG ${path}: ${field}: ${message}`);
}

async function readLimited(path: string): Promise<string> {
  const { size } = await stat(path);
  if (size > LARGEST_FILE_BYTES) {
    throw new ProblemError(400, 'invalid_request', `${path} is larger than ${LARGEST_FILE_BYTES} bytes.`);
  }
  return readFile(path, 'utf8');
}

/**
 * Replaces every `{"$file": "/run/secrets/x"}` by what the file holds, without a line break at its end. Only
 * for the start: through the API it would let an admin read files of the host.
 */
async function withFiles(value: unknown): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map(withFiles));
  if (typeof value !== 'object' || value === null) return value;
  const { $file: file, ...rest } = value as Record<string, unknown>;
  if (typeof file === 'string' && Object.keys(rest).length === 0)
    return (await readLimited(file)).replace(/\r?\n$/, '');
  const entries = await Promise.all(
    Object.entries(value).map(async ([key, item]) => [key, await withFiles(item)] as const),
  );
  return Object.fromEntries(entries);
}
