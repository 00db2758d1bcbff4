import { types } from 'node:util';

/** The database could not be reached. The cause says why; the message carries no address and no secret. */
export class DatabaseUnavailableError extends Error {
  constructor(cause: unknown) {
    super('The database is not available', { cause });
    this.name = 'DatabaseUnavailableError';
  }
}

const socketCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
]);

/** Shutdown, crash, starting up, database dropped, idle session ended, too many connections. */
const serverCodes = new Set(['57P01', '57P02', '57P03', '57P04', '57P05', '53300', '3D000']);

/** pg and pg-pool give these no code; the texts are theirs. */
const messages = [
  'Connection terminated',
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Cannot use a pool after calling end on the pool',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
  'Query read timeout',
];

const deepest = 5;

/**
 * True when an error of a database call says that the connection failed, not the statement: asking again
 * later may work. Looks through TypeORM's `driverError`, `cause` and AggregateError. Meant for errors of
 * database calls only: a socket code of another client looks the same.
 */
export function isDatabaseDown(error: unknown): boolean {
  return isDown(error, 0);
}

/** NUL and other characters that PostgreSQL cannot keep, in text (22021) and in JSON (22P05). */
const unstorableCodes = new Set(['22021', '22P05']);

/** True when a database call failed because a value holds a character that cannot be stored. */
export function isUnstorableText(error: unknown): boolean {
  if (!types.isNativeError(error)) return false;
  const { code, driverError } = error as { code?: unknown; driverError?: unknown };
  return (typeof code === 'string' && unstorableCodes.has(code)) || isUnstorableText(driverError);
}

function isDown(error: unknown, depth: number): boolean {
  // Not `instanceof`: errors of Node's own modules may come from another realm.
  if (!types.isNativeError(error) || depth > deepest) return false;
  if (error instanceof DatabaseUnavailableError) return true;
  const { code, driverError, errors } = error as { code?: unknown; driverError?: unknown; errors?: unknown };
  if (typeof code === 'string' && isConnectionCode(code)) return true;
  if (messages.some((message) => error.message.startsWith(message))) return true;
  if (isDown(driverError, depth + 1) || isDown(error.cause, depth + 1)) return true;
  return Array.isArray(errors) && errors.some((inner) => isDown(inner, depth + 1));
}

function isConnectionCode(code: string): boolean {
  return socketCodes.has(code) || serverCodes.has(code) || (code.length === 5 && code.startsWith('08'));
}
