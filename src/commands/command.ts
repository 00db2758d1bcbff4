import { ConfigurationError } from '../platform/config/read-config.js';

/** sysexits.h: the command was used incorrectly. */
const EX_USAGE = 64;
/** sysexits.h: something was found in an unconfigured or misconfigured state. */
const EX_CONFIG = 78;

/** The command line cannot be understood; the message says how to write it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Where a command writes to. */
export interface Output {
  write(text: string): unknown;
}

/** Runs a command to its exit status. An error becomes one line on stderr and a status other than 0 and 2. */
export function runCommand(main: () => Promise<number>): void {
  main().then(
    (status) => (process.exitCode = status),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = statusOf(error);
    },
  );
}

function statusOf(error: unknown): number {
  if (error instanceof UsageError) return EX_USAGE;
  return error instanceof ConfigurationError ? EX_CONFIG : 1;
}
