import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { createRestgate } from './app.js';
import type { Restgate } from './app.js';
import { ConfigurationError, readConfig } from './platform/config/read-config.js';
import type { Config } from './platform/config/config.js';
import { startEmbeddedPostgres } from './platform/database/embedded/embedded-postgres.js';
import { createLogger } from './platform/logging/logger.js';
import type { Logger } from './platform/logging/logger.js';
import { tuneEngine } from './platform/runtime/engine.js';

/** sysexits.h: something was found in an unconfigured or misconfigured state. */
const EX_CONFIG = 78;
const INSTALL_DIR = join(import.meta.dirname, '..', '..');

function configure(checkOnly: boolean): Config {
  try {
    return readConfig({ installDir: INSTALL_DIR, writeGenerated: !checkOnly });
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(EX_CONFIG);
  }
}

async function start(config: Config, logger: Logger): Promise<void> {
  const startedAt = performance.now();
  const embedded =
    config.databaseUrl === undefined
      ? await startEmbeddedPostgres({
          dataDir: config.dataDir,
          installDir: config.installDir,
          log: (level, message) => logger[level](message),
        })
      : undefined;
  let restgate: Restgate | undefined;
  const stop = async (): Promise<void> => {
    await restgate?.close();
    await embedded?.stop();
  };
  try {
    restgate = await createRestgate(config, config.databaseUrl ?? (embedded?.url as string), logger);
    await listen(restgate.dataServer, config.host, config.port);
    if (restgate.controlServer)
      await listen(restgate.controlServer, config.controlHost, config.controlPort as number);
  } catch (error) {
    await stop();
    throw error;
  }
  announce(config, restgate, performance.now() - startedAt);
  stopOnSignals(stop, logger);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function addressOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** One line with the addresses; the bootstrap token once, when it was made now. */
function announce(config: Config, restgate: Restgate, milliseconds: number): void {
  const data = addressOf(restgate.dataServer);
  const control = restgate.controlServer ? addressOf(restgate.controlServer) : data;
  if (config.adminTokenGenerated)
    process.stdout.write(`Restgate admin token (shown once): ${config.adminToken}\n`);
  process.stdout.write(
    `Restgate ${config.version} is ready after ${Math.round(milliseconds)} ms: gateway ${data}, admin API and docs ${control}/restgate/\n`,
  );
}

function stopOnSignals(stop: () => Promise<void>, logger: Logger): void {
  let stopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, 'shutting down');
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.fatal({ err: error }, 'shutting down failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

tuneEngine();
const checkOnly = process.argv.includes('--check');
const config = configure(checkOnly);
if (checkOnly) {
  process.stdout.write('The configuration is valid.\n');
} else {
  const logger = createLogger(config);
  start(config, logger).catch((error: unknown) => {
    logger.fatal({ err: error }, 'Restgate could not start');
    process.stderr.write(
      `Restgate could not start: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    const status = error instanceof ConfigurationError ? EX_CONFIG : 1;
    process.exitCode = status;
    setTimeout(() => process.exit(status), 500).unref();
  });
}
