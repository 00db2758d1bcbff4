import type { Application } from './applications.port.js';

/** A small request of Restgate itself to an application: look-ups and checks, never a caller's request. */
export interface ApplicationHttpRequest {
  readonly method: string;
  /** Scheme, host and port; default: the application's own. */
  readonly origin?: string;
  /** Path and query as on the wire, context path included. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ApplicationHttpAnswer {
  readonly status: number;
  /** The first value of a field, by lower case name. */
  header(name: string): string | undefined;
  readonly text: string;
}

export const APPLICATION_HTTP = Symbol('APPLICATION_HTTP');

/**
 * Asks an application: with its TLS settings, at most 5 s and 1 MiB, redirects not followed, no cookies kept.
 * Any status is an answer. Throws `ApplicationHttpError` when there is none.
 */
export interface ApplicationHttpPort {
  request(application: Application, request: ApplicationHttpRequest): Promise<ApplicationHttpAnswer>;
}

/** No usable answer came. The message is for admins and says what to look at; it holds no secret. */
export class ApplicationHttpError extends Error {
  override readonly name = 'ApplicationHttpError';
}

/** The JSON of an answer; undefined when it is none. */
export function jsonOf(answer: ApplicationHttpAnswer): unknown {
  if (!/^\s*[[{"]/.test(answer.text)) return undefined;
  try {
    return JSON.parse(answer.text) as unknown;
  } catch {
    return undefined;
  }
}

/** The user named by `X-AUSERNAME`, which is URL-encoded. */
export function actingUserOf(answer: ApplicationHttpAnswer): string | undefined {
  const value = answer.header('x-ausername');
  if (value === undefined || value === '') return undefined;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
