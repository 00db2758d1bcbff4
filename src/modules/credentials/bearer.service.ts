import { Injectable } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-http-bearer';
import type { Denial, Principal } from '../decisions/exchange.port.js';

const STRATEGY = 'restgate-bearer';

/** The request that passport sees: the one field it may read. Tokens in query and body are never looked at. */
interface BearerRequest {
  readonly headers: { readonly authorization: string };
  readonly pending: Promise<Principal | Denial>;
  user?: Principal | Denial;
}

/** passport-http-bearer takes the token out of the field; whose it is, the authenticator is already being asked. */
@Injectable()
export class BearerStrategy extends PassportStrategy(Strategy, STRATEGY) {
  constructor() {
    super({ passReqToCallback: true });
  }

  validate(request: BearerRequest): Promise<Principal | Denial> {
    return request.pending;
  }
}

/**
 * Carries the bearer step through passport for tokens that have to be asked about. What is cached is answered
 * before, synchronously: a promise on every request would be the dearest part of the step.
 */
@Injectable()
export class BearerAuthentication extends AuthGuard(STRATEGY) {
  /** What `pending` answers, once passport has found the token in its field. Throws what either throws. */
  async carry(token: string, pending: Promise<Principal | Denial>): Promise<Principal | Denial> {
    const request: BearerRequest = { headers: { authorization: `Bearer ${token}` }, pending };
    await super.canActivate(contextOf(request));
    if (!request.user) throw new Error('passport let a request pass without an answer.');
    return request.user;
  }

  override handleRequest<T>(error: unknown, user: T): T {
    if (error instanceof Error) throw error;
    if (!user) throw new Error('passport found no token in the field that the credential step recognised.');
    return user;
  }
}

function contextOf(request: BearerRequest): ExecutionContext {
  const http = { getRequest: () => request, getResponse: () => ({}), getNext: () => undefined };
  return { switchToHttp: () => http } as unknown as ExecutionContext;
}
