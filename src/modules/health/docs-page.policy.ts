/** The Swagger UI page. Paths are relative, so that it also works below a proxy's own prefix. */
export const DOCS_PAGE = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Restgate API</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="docs/swagger-ui.css">
  <link rel="stylesheet" href="docs/page.css">
</head>
<body>
  <noscript>This page needs JavaScript. The document itself is at <a href="docs/openapi.json">openapi.json</a>.</noscript>
  <div id="swagger-ui"></div>
  <script src="docs/swagger-ui-bundle.js"></script>
  <script src="docs/start.js"></script>
</body>
</html>
`;

/**
 * No credential is kept by the browser: reloading the page forgets it. Who signed in with the browser needs none;
 * the session's CSRF token goes with every call then.
 */
export const DOCS_SCRIPT = `let csrfToken = null;
const session = fetch('api/v1/session')
  .then((answer) => (answer.ok ? answer.json() : {}))
  .then((view) => { csrfToken = view.csrfToken ?? null; });
window.ui = SwaggerUIBundle({
  url: 'docs/openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  docExpansion: 'list',
  filter: true,
  persistAuthorization: false,
  tryItOutEnabled: true,
  validatorUrl: null,
  requestInterceptor: async (request) => {
    await session;
    if (csrfToken !== null && !request.headers.Authorization) request.headers['X-CSRF-Token'] = csrfToken;
    return request;
  },
});
`;

export const DOCS_STYLE = `body { margin: 0; background: #fafafa; }
noscript { display: block; margin: 2rem; font-family: sans-serif; }
`;
