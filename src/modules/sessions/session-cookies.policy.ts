import { LONGEST_SESSION_MS, SIGN_IN_MS } from './session-times.policy.js';

/** The two cookies of this installation. Over https their names prove that they were set over https. */
export interface CookieNames {
  readonly session: string;
  readonly signIn: string;
  readonly path: string;
  readonly secure: boolean;
}

/**
 * The path keeps the cookies away from the applications behind the gateway. `publicUrl` has no trailing slash.
 */
export function cookieNames(publicUrl: string): CookieNames {
  const { protocol, pathname } = new URL(publicUrl);
  const secure = protocol === 'https:';
  const prefix = secure ? '__Secure-' : '';
  return {
    session: `${prefix}restgate-session`,
    signIn: `${prefix}restgate-sign-in`,
    path: `${pathname.replace(/\/+$/, '')}/restgate`,
    secure,
  };
}

export function sessionCookie(names: CookieNames, token: string): string {
  return cookie(names, names.session, token, LONGEST_SESSION_MS);
}

export function signInCookie(names: CookieNames, sealed: string): string {
  return cookie(names, names.signIn, sealed, SIGN_IN_MS);
}

/** Makes the browser forget a cookie. */
export function expiredCookie(names: CookieNames, name: string): string {
  return cookie(names, name, '', 0);
}

function cookie({ path, secure }: CookieNames, name: string, value: string, lifetimeMs: number): string {
  const attributes = `Path=${path}; HttpOnly; SameSite=Lax; Max-Age=${lifetimeMs / 1000}`;
  return `${name}=${value}; ${attributes}${secure ? '; Secure' : ''}`;
}

/** The value of the one cookie of this name; undefined when there is none, or two (one of them is not ours). */
export function cookieValue(field: string | undefined, name: string): string | undefined {
  const values = (field ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${name}=`))
    .map((part) => part.slice(name.length + 1));
  return values.length === 1 ? values[0] : undefined;
}
