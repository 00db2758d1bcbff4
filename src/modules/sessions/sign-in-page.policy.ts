import { createHash } from 'node:crypto';

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
`;
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** No script, no form, no frame, nothing from anywhere; one style, by its hash. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'x-frame-options': 'DENY',
};

export interface ProviderChoice {
  readonly id: string;
  readonly name: string;
}

/** Text for HTML: between tags and in quoted attributes. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
}

/** The page that asks which identity provider to sign in with. */
export function choicePage(providers: readonly ProviderChoice[], action: string, returnTo: string): string {
  const items = providers.map(({ id, name }) => {
    const query = new URLSearchParams({ provider: id, returnTo });
    return `<li><a href="${escaped(`${action}?${query.toString()}`)}">${escaped(name)}</a></li>`;
  });
  const none = '<p>No identity provider is configured that people can sign in with.</p>';
  return page('Sign in', items.length === 0 ? none : `<ul>\n${items.join('\n')}\n</ul>`);
}

/** The page of a sign-in that did not work. */
export function refusalPage(message: string, action: string): string {
  return page(
    'Not signed in',
    `<p>${escaped(message)}</p>\n<p><a href="${escaped(action)}">Sign in again</a></p>`,
  );
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} - Restgate</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${title}</h1>
${body}
</body>
</html>
`;
}
