import type { FetchedToken } from './token-endpoint.policy.js';

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** No script, no style, no form, no frame, nothing from anywhere. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** Text for HTML: between tags and in quoted attributes. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
}

/** The page that shows a fetched token, once. */
export function tokenPage(providerName: string, token: FetchedToken, curl: string): string {
  const expires = token.expiresIn === null ? 'not said' : `${token.expiresIn} seconds`;
  return page(
    'Access token',
    `<p>${escaped(providerName)} gave this access token. It is shown only now.</p>
<p><textarea readonly rows="8" cols="100" spellcheck="false" aria-label="Access token">${escaped(token.accessToken)}</textarea></p>
<dl>
<dt>Type</dt><dd>${escaped(token.tokenType)}</dd>
<dt>Expires in</dt><dd>${escaped(expires)}</dd>
<dt>Scope</dt><dd>${escaped(token.scope ?? 'not said')}</dd>
</dl>
<p>Try it:</p>
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
<head><meta charset="utf-8"><title>${escaped(title)} - Restgate</title></head>
<body>
<h1>${escaped(title)}</h1>
${body}
</body>
</html>
`;
}
