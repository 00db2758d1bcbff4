import { applyDecorators, createParamDecorator, SetMetadata } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import { ACCESS_EXTENSION } from '../../platform/openapi/access-extension.js';
import type { CredentialReference, Denial, Principal } from '../decisions/exchange.port.js';

/**
 * Who may call a control-plane route. `admin` includes everything; `auditor` reads audit and settings; `user`
 * is anybody whom the data plane accepts, for `/me/**`; `public` needs no credential.
 */
export type AccessLevel = 'public' | 'user' | 'auditor' | 'admin';

export const ACCESS_METADATA = 'restgate:access';

/** Declares who may call a route, to the guard and in the OpenAPI document. A route without it answers 403. */
export const Access = (level: AccessLevel): MethodDecorator & ClassDecorator =>
  applyDecorators(SetMetadata(ACCESS_METADATA, level), ApiExtension(ACCESS_EXTENSION, level));

export const PUBLIC_WHEN_METADATA = 'restgate:public-when';

/** Opens a route to everybody while a switch of the configuration is on, whatever `@Access` says. */
export const PublicWhen = (flag: PublicFlag): MethodDecorator => SetMetadata(PUBLIC_WHEN_METADATA, flag);

export type PublicFlag = 'metricsPublic';

export const CLIENT_ADDRESS = Symbol('CLIENT_ADDRESS');

/**
 * The address of a control-plane caller behind trusted proxies. Without a provider of this port the TCP peer
 * counts. Answers the peer when the proxy's field is missing or cannot be read.
 */
export interface ClientAddressPort {
  of(peer: string, headers: Readonly<Record<string, string | string[] | undefined>>): string;
}

export const BROWSER_SESSIONS = Symbol('BROWSER_SESSIONS');

/** What the guard hands over of a request. */
export interface BrowserSessionRequest {
  readonly method: string;
  readonly cookie: string | undefined;
  readonly csrfToken: string | undefined;
}

/** People who signed in with a browser. Without a provider of this port cookies are never a credential. */
export interface BrowserSessionsPort {
  /**
   * Who the session cookie belongs to; undefined without one. A session that ended is a denial. Throws 403
   * `csrf_token_required` for a change without the session's CSRF token.
   */
  principalOf(request: BrowserSessionRequest, now: number): Promise<Principal | Denial | undefined>;
}

/** Who calls the control plane. */
export interface Actor {
  /** `bootstrap-admin` for ADMIN_TOKEN. */
  readonly username: string;
  readonly level: 'user' | 'auditor' | 'admin';
  readonly groups: readonly string[];
  readonly credential: CredentialReference;
  /** True for ADMIN_TOKEN. */
  readonly bootstrap: boolean;
  /** Scope and expiry (epoch ms) when the credential is an API token. */
  readonly tokenScope?: 'read' | 'write' | 'admin';
  readonly expiresAt?: number;
  readonly clientIp: string;
  readonly requestId: string;
}

/** The actor of the current control-plane request, as the access guard found it. */
export const CurrentActor = createParamDecorator((_data: unknown, context: ExecutionContext): Actor => {
  const request = context.switchToHttp().getRequest<{ actor?: Actor }>();
  if (!request.actor) throw new Error('The route asks for an actor but is declared public.');
  return request.actor;
});
