import {
  adminRequired,
  failure,
  html,
  json,
  jsonText,
  loginRequired,
  noContent,
  redirect,
  send,
  text,
} from './answers.js';
import { on, type Route } from './answers.js';
import { tokenRoutes } from './token-routes.js';
import type { StandInState } from './state.js';
import type { Exchange } from './types.js';

const TYPE_ID = { jira: 'jira', confluence: 'confluence', bitbucket: 'stash' } as const;

function manifest(state: StandInState, exchange: Exchange): true {
  const fields = {
    id: '7a5a9d2e-0000-3000-8000-000000000001',
    name: `${state.product} stand-in`,
    typeId: TYPE_ID[state.product],
    version: state.version,
    buildNumber: 1003000,
    applinksVersion: '11.0.0',
    publicSignup: false,
    url: exchange.baseUrl,
  };
  if ((exchange.record.header('accept')[0] ?? '').includes('json')) return json(exchange, 200, fields);
  const inner = Object.entries(fields).map(([name, value]) => `<${name}>${value}</${name}>`);
  return send(
    exchange,
    200,
    'application/xml',
    `<?xml version="1.0"?><manifest>${inner.join('')}</manifest>`,
  );
}

/** Puts `session` under the request's own new cookie, so that the answer carries exactly one. */
function login(state: StandInState, exchange: Exchange, name: string, password: string): true {
  if (state.authentication.basicDisabled)
    return text(exchange, 403, 'Basic Authentication has been disabled on this instance.');
  const user = state.authentication.passwordUser(name, password);
  if (user === 'captcha') return state.authentication.captcha(exchange);
  if (user === null) return failure(exchange, 401, 'Login failed');
  const id = state.sessions.open(state.sessions.newId(), user.name);
  exchange.response.setHeader('Set-Cookie', state.authentication.sessionCookie(exchange, id));
  return json(exchange, 200, {
    session: { name: state.sessions.cookieName, value: id },
    loginInfo: { loginCount: 1 },
  });
}

function sessionRoutes(state: StandInState): Route[] {
  const session = /^\/rest\/auth\/(1|latest)\/session$/;
  const loginPage = /^\/(login\.jsp|dologin\.action|login\.action|j_atl_security_check|login)$/;
  return [
    on('POST', session, (exchange) => {
      return login(state, exchange, jsonText(exchange, 'username'), jsonText(exchange, 'password'));
    }),
    on(
      'GET',
      session,
      (exchange) => loginRequired(exchange) || json(exchange, 200, { name: exchange.user?.name }),
    ),
    on('DELETE', session, (exchange) => loginRequired(exchange) || noContent(exchange)),
    on('POST', /^\/rest\/tsv\/(1\.0|latest)\/authenticate$/, (exchange) => {
      return login(state, exchange, jsonText(exchange, 'username'), jsonText(exchange, 'password'));
    }),
    on('GET', loginPage, (exchange) => html(exchange, 200, 'Log in')),
    on('POST', loginPage, (exchange) => {
      const name = exchange.parameters.get('os_username') ?? exchange.parameters.get('j_username') ?? '';
      const password = exchange.parameters.get('os_password') ?? exchange.parameters.get('j_password') ?? '';
      return exchange.user
        ? redirect(exchange, `${exchange.baseUrl}/`)
        : login(state, exchange, name, password);
    }),
  ];
}

/** What all three products answer: status, application links, logins and endpoints that mint credentials. */
export function commonRoutes(state: StandInState): Route[] {
  return [
    on('GET', /^\/status$/, (exchange) => json(exchange, 200, { state: 'RUNNING' })),
    on('GET', /^\/plugins\/servlet\/applinks\/whoami$/, (exchange) =>
      text(exchange, 200, exchange.user?.name ?? ''),
    ),
    on('GET', /^\/rest\/applinks\/(1\.0|latest)\/manifest$/, (exchange) => manifest(state, exchange)),
    on(
      'PUT',
      /^\/rest\/applinks\/(1\.0|latest)\/applicationlink\/[^/]+\/authentication\/consumer$/,
      (exchange) => adminRequired(exchange) || noContent(exchange),
    ),
    on(
      'GET',
      /^\/rest\/basicauth\/(1\.0|latest)\/config$/,
      (exchange) =>
        adminRequired(exchange) || json(exchange, 200, { blockRequests: state.authentication.basicDisabled }),
    ),
    on('GET', /^\/rest\/oauth2\/latest\/\.well-known\/oauth-authorization-server$/, (exchange) =>
      json(exchange, 200, {
        issuer: exchange.baseUrl,
        token_endpoint: `${exchange.baseUrl}/rest/oauth2/latest/token`,
      }),
    ),
    on(
      'GET',
      /^\/(secure|admin|projects|browse|spaces|pages)(\/.*)?$|^\/[^/]+\.(jspa|action)$/,
      (exchange) => {
        if (exchange.user !== null) return html(exchange, 200, `Page for ${exchange.user.name}`);
        return redirect(
          exchange,
          `${exchange.contextPath}/login.jsp?os_destination=${encodeURIComponent(exchange.path)}`,
        );
      },
    ),
    on('GET', /^\/$/, (exchange) => html(exchange, 200, 'Home')),
    on('GET', /^\/(download\/resources|images|styles|static)\/.*$/, (exchange) =>
      send(exchange, 200, 'text/css', 'body{}'),
    ),
    ...sessionRoutes(state),
    ...tokenRoutes(state),
  ];
}
