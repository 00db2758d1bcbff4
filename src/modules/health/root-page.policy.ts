/** Links to what is there; no version, because anybody may read it. Paths are relative to `/restgate`. */
export const ROOT_PAGE = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Restgate</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="restgate/home.css">
</head>
<body>
  <h1>Restgate</h1>
  <p>An authenticating gateway for the REST APIs of Jira, Confluence and Bitbucket.</p>
  <section aria-live="polite">
    <p id="who"><a href="restgate/session/sign-in">Sign in</a> with your company account.</p>
    <p id="actions" hidden>
      <button id="sign-out" type="button">Sign out</button>
      <button id="sign-out-everywhere" type="button">Sign out in all browsers</button>
    </p>
  </section>
  <ul>
    <li><a href="restgate/docs">Admin API: documentation, and try it out</a></li>
    <li><a href="restgate/docs/openapi.json">OpenAPI document</a></li>
    <li><a href="restgate/health/ready">Health of this node</a></li>
    <li><a href="restgate/metrics">Metrics</a> (for admins and auditors)</li>
  </ul>
  <script src="restgate/home.js"></script>
</body>
</html>
`;

/** Shows who is signed in. Names are set as text, never as markup. */
export const ROOT_SCRIPT = `'use strict';
const SESSION = 'restgate/api/v1/session';
const MAY = {
  admin: 'You may change everything: use the admin API below.',
  auditor: 'You may read settings and the audit log.',
  user: 'You may manage your own API tokens: see /me/tokens in the admin API. You are not an admin.',
};
const say = (...lines) => document.getElementById('who').replaceChildren(...lines.flatMap((line) => [line, document.createElement('br')]));

async function signOut(everywhere, csrfToken) {
  const answer = await fetch(SESSION + (everywhere ? '?everywhere=true' : ''), {
    method: 'DELETE', headers: { 'X-CSRF-Token': csrfToken },
  });
  if (answer.ok || answer.status === 401) location.reload();
  else say('Signing out did not work (' + answer.status + '). Try again.');
}

async function show() {
  const answer = await fetch(SESSION);
  if (!answer.ok) return;
  const { username, level, provider, expiresAt, csrfToken } = await answer.json();
  if (!csrfToken) return;
  const name = document.createElement('strong');
  name.textContent = username;
  const until = new Date(expiresAt).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  say('Signed in as ', MAY[level], 'With ' + provider + ', until ' + until + ' at the latest.');
  document.getElementById('who').firstChild.after(name);
  document.getElementById('sign-out').onclick = () => signOut(false, csrfToken);
  document.getElementById('sign-out-everywhere').onclick = () => signOut(true, csrfToken);
  document.getElementById('actions').hidden = false;
}

show();
`;

export const ROOT_STYLE = `:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 1rem; }
section { border: 1px solid #8888; border-radius: 6px; background: #8881; padding: 0 1rem; margin: 1.5rem 0; }
button { font: inherit; padding: .25rem .75rem; }
`;
