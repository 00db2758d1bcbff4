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
<head><meta charset="utf-8"><title>${title} - Restgate</title></head>
<body>
<h1>${title}</h1>
${body}
</body>
</html>
`;
}
