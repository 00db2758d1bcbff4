import { pino } from 'pino';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';

export const LOGGER = Symbol('LOGGER');
export type { Logger } from 'pino';

const REDACTED_PATHS = [
  'authorization',
  'cookie',
  'password',
  'secret',
  'token',
  'clientSecret',
  'accessToken',
  'personalAccessToken',
  '*.authorization',
  '*.cookie',
  '*.password',
  '*.secret',
  '*.token',
  '*.clientSecret',
  '*.accessToken',
  '*.personalAccessToken',
  'req.headers.authorization',
  'req.headers.cookie',
  'req.headers["x-api-token"]',
];

/** Structured log to stdout. Fields that could hold a secret are redacted as a second line of defence. */
export function createLogger(config: Pick<Config, 'logLevel' | 'logFormat'>): Logger {
  const base = {
    level: config.logLevel,
    redact: { paths: REDACTED_PATHS, censor: '[redacted]' },
    base: { app: 'restgate' },
  };
  if (config.logFormat === 'json') return pino({ ...base, timestamp: pino.stdTimeFunctions.isoTime });
  return pino({ ...base, transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname,app' } } });
}
