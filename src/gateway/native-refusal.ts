import type { UpstreamFailure } from './upstream.client.js';

/** Blocked users are told to wait 292 billion years; nobody is told more than a day. */
const LONGEST_RETRY_SECONDS = 86_400;

const CAPTCHA: UpstreamFailure = {
  reason: 'authentication_required',
  detail: 'the application wants a CAPTCHA from the user after failed logins',
  beforeAnswer: false,
  answer: {
    status: 403,
    hint: 'The application has locked this login after wrong passwords: log in to it once in a browser and solve the CAPTCHA, or use an API token.',
  },
};

/**
 * What the application refused by itself, before it looked at the call: its own rate limit (429) and the CAPTCHA
 * after wrong passwords. Its answers are pages for browsers, so they are put in our words. `undefined` for every
 * other answer.
 */
export function nativeRefusal(status: number, rawHeaders: readonly Buffer[]): UpstreamFailure | undefined {
  if (status === 429) return tooManyRequests(fieldOf(rawHeaders, 'retry-after'));
  if (status !== 403 && status !== 401) return undefined;
  return fieldOf(rawHeaders, 'x-authentication-denied-reason')?.startsWith('CAPTCHA') ? CAPTCHA : undefined;
}

function tooManyRequests(retryAfter: string | undefined): UpstreamFailure {
  return {
    reason: 'rate_limited',
    detail: "the application's own rate limit",
    beforeAnswer: false,
    answer: {
      retryAfterSeconds: secondsOf(retryAfter),
      hint: "This is the application's own limit: wait as long as Retry-After says, or ask its administrator for an exemption.",
    },
  };
}

/** RFC 9110 section 10.2.3: seconds, or a date. */
function secondsOf(retryAfter: string | undefined): number | undefined {
  if (retryAfter === undefined) return undefined;
  const seconds = /^\d+$/.test(retryAfter)
    ? Number(retryAfter)
    : (Date.parse(retryAfter) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(1, Math.ceil(seconds)), LONGEST_RETRY_SECONDS);
}

function fieldOf(rawHeaders: readonly Buffer[], name: string): string | undefined {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if ((rawHeaders[i] as Buffer).toString('latin1').toLowerCase() === name)
      return (rawHeaders[i + 1] as Buffer).toString('latin1');
  }
  return undefined;
}
