import { createHmac, timingSafeEqual } from 'node:crypto';

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The CSRF token of a session: only who has the cookie can have it, and it says nothing of the cookie. */
export function csrfTokenOf(sessionToken: string): string {
  return createHmac('sha256', sessionToken).update('restgate csrf').digest('base64url');
}

/** True when a request changes nothing, or carries the CSRF token of its session. */
export function isProtected(method: string, sessionToken: string, given: string | undefined): boolean {
  if (SAFE_METHODS.has(method)) return true;
  const [expected, actual] = [Buffer.from(csrfTokenOf(sessionToken)), Buffer.from(given ?? '')];
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}
