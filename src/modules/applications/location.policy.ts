import type { Application } from './applications.port.js';

/**
 * Rewrites a `Location` or `Content-Location` of an application's answer so that it leads through the gateway:
 * below the application's own address (as configured, or as its server sees itself) the gateway's origin and
 * the application's prefix take its place; an absolute path stays one. What leads elsewhere is left alone, and
 * an absolute path outside the application is completed with the application's origin. Never throws.
 */
export function rewriteLocation(application: Application, value: string, gatewayOrigin: string): string {
  if (value.startsWith('//'))
    return rewriteAbsolute(application, `${schemeOf(application.origin)}:${value}`, gatewayOrigin) ?? value;
  if (value.startsWith('/')) return rewritePath(application, value);
  return rewriteAbsolute(application, value, gatewayOrigin) ?? value;
}

/** Scheme, host and port without a default port, in lower case; undefined for what is no http address. */
export function originOf(url: string): string | undefined {
  const match = /^(https?):\/\/([^/?#\\@\s]+)(?=[/?#]|$)/i.exec(url);
  const scheme = match?.[1]?.toLowerCase();
  const authority = match?.[2]?.toLowerCase();
  if (scheme === undefined || authority === undefined) return undefined;
  const defaultPort = scheme === 'https' ? ':443' : ':80';
  return `${scheme}://${authority.endsWith(defaultPort) ? authority.slice(0, -defaultPort.length) : authority}`;
}

function schemeOf(origin: string): string {
  return origin.slice(0, origin.indexOf(':'));
}

function rewritePath(application: Application, path: string): string {
  const below = pathBelow(path, application.contextPath);
  return below === undefined ? `${application.origin}${path}` : `${application.pathPrefix}${below}` || '/';
}

function rewriteAbsolute(application: Application, value: string, gatewayOrigin: string): string | undefined {
  const origin = originOf(value);
  if (origin === undefined) return undefined;
  for (const base of addressesOf(application)) {
    if (originOf(base) !== origin) continue;
    const below = pathBelow(restOf(value), restOf(base));
    if (below !== undefined) return `${gatewayOrigin}${application.pathPrefix}${below}`;
  }
  return undefined;
}

function addressesOf(application: Application): string[] {
  const { identity } = application;
  const seenAs = identity.mode === 'oauth1' ? identity.signingBaseUrl : undefined;
  return seenAs === undefined ? [application.baseUrl] : [application.baseUrl, seenAs];
}

/** What follows the authority. */
function restOf(url: string): string {
  const start = url.indexOf('//') + 2;
  const at = url.slice(start).search(/[/?#]/);
  return at === -1 ? '' : url.slice(start + at);
}

/** What follows the context path, at a segment boundary; undefined when the path is not below it. */
function pathBelow(path: string, contextPath: string): string | undefined {
  if (!path.startsWith(contextPath)) return undefined;
  const rest = path.slice(contextPath.length);
  return rest === '' || /^[/?#]/.test(rest) ? rest : undefined;
}
