import { createParamDecorator, SetMetadata } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { CredentialReference } from '../decisions/exchange.port.js';

/**
 * Who may call a control-plane route. `admin` includes everything; `auditor` reads audit and settings; `user`
 * is anybody whom the data plane accepts, for `/me/**`; `public` needs no credential.
 */
export type AccessLevel = 'public' | 'user' | 'auditor' | 'admin';

export const ACCESS_METADATA = 'restgate:access';

/** Declares who may call a route. A route without it answers 403. */
export const Access = (level: AccessLevel): MethodDecorator & ClassDecorator => SetMetadata(ACCESS_METADATA, level);

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
