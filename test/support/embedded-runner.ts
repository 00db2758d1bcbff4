import { startEmbeddedPostgres } from '../../src/platform/database/embedded/embedded-postgres.js';

/** Stands for a gateway: `embedded-runner.ts <DATA_DIR> <install folder>`. Prints one JSON line per event. */
async function run(): Promise<void> {
  const [dataDir = '', installDir = ''] = process.argv.slice(2);
  const say = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`);
  try {
    const database = await startEmbeddedPostgres({ dataDir, installDir, log: () => undefined });
    database.onExit(() => say({ event: 'exit' }));
    say({ event: 'started', url: database.url });
  } catch (error) {
    say({ event: 'failed', message: (error as Error).message });
    process.exit(1);
  }
  // Not to be left behind by a test run that was killed.
  process.stdin.on('end', () => process.exit(1)).resume();
}

void run();
