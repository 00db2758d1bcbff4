/** Without a request for this long a session ends. */
export const IDLE_MS = 30 * 60 * 1000;

/** A session ends this long after the sign-in, whatever happens. */
export const LONGEST_SESSION_MS = 12 * 60 * 60 * 1000;

/** Activity is written down at most this often. */
export const SEEN_EVERY_MS = 60 * 1000;

/** A person has this long to sign in at the provider. */
export const SIGN_IN_MS = 10 * 60 * 1000;
