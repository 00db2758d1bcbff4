import { createHash } from 'node:crypto';
import type { FetchedToken } from './token-endpoint.policy.js';

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const STYLE = `
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 1rem; }
h2 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
textarea, pre { display: block; box-sizing: border-box; width: 100%; margin: 0; padding: .75rem;
  font: 13px/1.5 ui-monospace, monospace; border: 1px solid #8888; border-radius: 6px; background: #8881; color: inherit; }
textarea { resize: vertical; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 14rem; overflow: auto; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem; margin: 1rem 0; }
dt { opacity: .7; }
dd { margin: 0; overflow-wrap: anywhere; }
`;
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** No script, no form, no frame, nothing from anywhere; one style, by its hash. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

const MOST_ROWS = 12;
const CHARACTERS_IN_ROW = 80;

/** Text for HTML: between tags and in quoted attributes. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
}

/** The page that shows a fetched token, once. */
export function tokenPage(providerName: string, token: FetchedToken, curl: string): string {
  const rows = Math.min(MOST_ROWS, 1 + Math.ceil(token.accessToken.length / CHARACTERS_IN_ROW));
  const expires = token.expiresIn === null ? 'not said' : `${token.expiresIn} seconds`;
  return page(
    'Your access token',
    `<p>${escaped(providerName)} gave this access token. It is shown only now: copy it before you close or reload this page.</p>
<h2>Access token</h2>
<textarea readonly autofocus rows="${rows}" spellcheck="false" aria-label="Access token">${escaped(token.accessToken)}</textarea>
<dl>
<dt>Type</dt><dd>${escaped(token.tokenType)}</dd>
<dt>Expires in</dt><dd>${escaped(expires)}</dd>
<dt>Scope</dt><dd>${escaped(token.scope ?? 'not said')}</dd>
</dl>
<h2>Try it</h2>
<pre>${escaped(curl)}</pre>
<p>You can close this window.</p>`,
  );
}

/** The page of a sign-in that failed. */
export function failurePage(error: string): string {
  return page(
    'No token',
    `<p>The sign-in did not give a token.</p>
<pre>${escaped(error)}</pre>
<p>Close this window and begin again with &quot;Fetch token&quot;.</p>`,
  );
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)} - Restgate</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
${body}
</body>
</html>
`;
}
