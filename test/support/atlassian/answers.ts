import type { Exchange, StandInUser } from './types.js';

/** Answers JSON the way the products do. */
export function json(exchange: Exchange, status: number, value: unknown): true {
  return send(exchange, status, 'application/json;charset=UTF-8', JSON.stringify(value));
}

export function text(exchange: Exchange, status: number, value: string): true {
  return send(exchange, status, 'text/plain;charset=UTF-8', value);
}

export function html(exchange: Exchange, status: number, title: string): true {
  const page = `<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`;
  return send(exchange, status, 'text/html;charset=UTF-8', page);
}

export function noContent(exchange: Exchange): true {
  exchange.response.writeHead(204);
  exchange.response.end();
  return true;
}

export function redirect(exchange: Exchange, location: string): true {
  exchange.response.writeHead(302, { Location: location, 'Content-Length': '0' });
  exchange.response.end();
  return true;
}

export function send(exchange: Exchange, status: number, type: string, body: string | Buffer): true {
  const { response } = exchange;
  if (status === 401) addOAuthChallenge(exchange);
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': String(bytes.length) });
  response.end(exchange.method === 'HEAD' ? undefined : bytes);
  return true;
}

/** While the OAuth plug-in is on, every 401 of the product carries its challenge too. */
function addOAuthChallenge(exchange: Exchange): void {
  const own = `OAuth realm="${encodeURIComponent(exchange.baseUrl)}"`;
  const present = exchange.response.getHeader('WWW-Authenticate');
  const fields = present === undefined ? [] : Array.isArray(present) ? present : [String(present)];
  if (fields.some((each) => each.startsWith('OAuth '))) return;
  exchange.response.setHeader('WWW-Authenticate', [...fields, own]);
}

/** The product's own error shape. */
export function failure(exchange: Exchange, status: number, message: string, exceptionName?: string): true {
  if (exchange.product === 'bitbucket') {
    const errors = [{ context: null, message, exceptionName: exceptionName ?? null }];
    return json(exchange, status, { errors });
  }
  if (exchange.product === 'confluence') return json(exchange, status, { statusCode: status, message });
  return json(exchange, status, { errorMessages: [message], errors: {} });
}

/** 401 of an endpoint that wants somebody logged in; null when somebody is. */
export function loginRequired(exchange: Exchange): boolean {
  if (exchange.user !== null) return false;
  if (exchange.product === 'jira') {
    json(exchange, 401, {
      message: 'Client must be authenticated to access this resource.',
      'status-code': 401,
    });
  } else {
    failure(
      exchange,
      401,
      'You are not permitted to access this resource',
      'com.atlassian.bitbucket.AuthorisationException',
    );
  }
  return true;
}

/** Refuses everybody who may not look users up; false when the look-up may go on. */
export function lookupForbidden(exchange: Exchange): boolean {
  if (loginRequired(exchange)) return true;
  if (exchange.user?.browseUsers) return false;
  failure(
    exchange,
    exchange.product === 'bitbucket' ? 401 : 403,
    'You do not have permission to browse users',
  );
  return true;
}

export function adminRequired(exchange: Exchange): boolean {
  if (loginRequired(exchange)) return true;
  if (exchange.user?.administrator) return false;
  failure(exchange, exchange.product === 'bitbucket' ? 401 : 403, 'You are not an administrator');
  return true;
}

/** A number from the query, with the product's default. */
export function numberParameter(exchange: Exchange, name: string, otherwise: number): number {
  const value = Number.parseInt(exchange.parameters.get(name) ?? '', 10);
  return Number.isNaN(value) || value < 0 ? otherwise : value;
}

export interface Route {
  method: string;
  pattern: RegExp;
  handle: (exchange: Exchange, match: RegExpExecArray) => boolean | Promise<boolean>;
}

/** One line of a route table. */
export function on(method: string, pattern: RegExp, handle: Route['handle']): Route {
  return { method, pattern, handle };
}

/** Calls the handler of the first route whose method and pattern fit. */
export async function route(exchange: Exchange, routes: Route[]): Promise<boolean> {
  const method = exchange.method === 'HEAD' ? 'GET' : exchange.method;
  for (const each of routes) {
    const match = each.method === method ? each.pattern.exec(exchange.path) : null;
    if (match) return each.handle(exchange, match);
  }
  return false;
}

/** A text member of the JSON body; empty when it is missing or no text. */
export function jsonText(exchange: Exchange, member: string): string {
  const value = jsonBody(exchange)[member];
  return typeof value === 'string' ? value : '';
}

export function jsonBody(exchange: Exchange): Record<string, unknown> {
  const value: unknown = JSON.parse(exchange.record.body.toString('utf8') || '{}');
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

export function nameOf(user: StandInUser | null): string {
  return user === null ? 'anonymous' : user.name;
}
