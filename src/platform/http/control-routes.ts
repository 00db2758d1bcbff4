import type { FastifyInstance, RouteOptions } from 'fastify';
import { isControlPath } from './security-headers.js';

interface KnownRoute {
  readonly segments: readonly string[];
  readonly methods: Set<string>;
}

/**
 * Remembers the control-plane routes that exist, so that a request that reached none of them is told whether
 * the path is unknown (404) or the method is wrong (405 with `Allow`).
 */
export class ControlRoutes {
  private readonly known = new Map<string, KnownRoute>();

  /** Follows the registrations of an instance; called before any route is registered. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', (route: RouteOptions) => {
      if (!isControlPath(route.url) || route.url.includes('*')) return;
      const entry = this.known.get(route.url) ?? {
        segments: segmentsOf(route.url),
        methods: new Set<string>(),
      };
      for (const method of [route.method].flat()) entry.methods.add(method);
      this.known.set(route.url, entry);
    });
  }

  /** The methods that a path is served with, sorted; empty when the path is unknown. */
  allowedMethods(path: string): string[] {
    const segments = segmentsOf(path);
    const allowed = new Set<string>();
    for (const route of this.known.values()) {
      if (matches(route.segments, segments)) for (const method of route.methods) allowed.add(method);
    }
    if (allowed.has('GET')) allowed.add('HEAD');
    return [...allowed].sort();
  }
}

function segmentsOf(path: string): string[] {
  return (path.endsWith('/') ? path.slice(0, -1) : path).split('/');
}

function matches(route: readonly string[], path: readonly string[]): boolean {
  if (route.length !== path.length) return false;
  return route.every((segment, i) => (segment.startsWith(':') ? path[i] !== '' : segment === path[i]));
}
