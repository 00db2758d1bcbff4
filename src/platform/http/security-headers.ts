import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { CONTROL_PREFIX } from './api.js';
import { requestIdOf } from './request-id.js';

/** Nothing inline, nothing foreign, never framed. Images as data: because Swagger UI draws its icons so. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** Puts the security headers and `X-Request-Id` on a control-plane answer; a route may replace single ones later. */
export function applyControlHeaders(request: FastifyRequest, reply: FastifyReply): void {
  for (const name in HEADERS) reply.header(name, HEADERS[name]);
  reply.header('x-request-id', requestIdOf(request.raw));
}

/** True for paths of the control plane. */
export function isControlPath(path: string): boolean {
  return path === CONTROL_PREFIX || path.startsWith(`${CONTROL_PREFIX}/`);
}

/**
 * Every control-plane route answers with the security headers, errors included. Hung on each route, so that
 * proxied requests pay nothing for it. Called before any route is registered.
 */
export function installControlHeaders(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', (route: RouteOptions) => {
    if (!isControlPath(route.url)) return;
    const present = route.onRequest === undefined ? [] : [route.onRequest].flat();
    route.onRequest = [
      (request, reply, done): void => {
        applyControlHeaders(request, reply);
        done();
      },
      ...present,
    ];
  });
}
