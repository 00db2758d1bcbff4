import { Inject, Injectable } from '@nestjs/common';
import { Strategy } from 'passport-http-bearer';
import type { Denial, Exchange, Principal } from '../decisions/exchange.port.js';
import { AUTHENTICATOR } from './credentials.port.js';
import type { AuthenticationContext, AuthenticatorPort } from './credentials.port.js';

type Answer = Principal | Denial | Promise<Principal | Denial>;

/** The request that passport sees: the one field it may read. Tokens in query and body are never looked at. */
interface BearerRequest {
  readonly headers: { readonly authorization: string };
  readonly exchange: Exchange;
  readonly context: AuthenticationContext;
  answer: Answer | undefined;
}

/** passport calls these on the strategy; its own types leave them out. */
interface PassportActions {
  fail(challenge: unknown): void;
}

/**
 * Carries the bearer step: passport-http-bearer takes the token out of the Authorization field, the
 * authenticator says whose it is. Driven directly and in one go, so that a cached token is answered
 * synchronously and nothing is shared between requests.
 */
@Injectable()
export class BearerAuthentication {
  private readonly strategy: { authenticate(request: unknown): void };

  constructor(@Inject(AUTHENTICATOR) authenticator: AuthenticatorPort) {
    const strategy = new Strategy({ passReqToCallback: true }, (request: unknown) => {
      const bearer = request as BearerRequest;
      bearer.answer = authenticator.authenticate(bearer.exchange.credential, bearer.context);
    });
    // Reached only when the field holds no bearer token, which the credential step has ruled out.
    (strategy as unknown as PassportActions).fail = (): void => {
      throw new Error('The bearer strategy found no token in the field that the credential step recognised.');
    };
    this.strategy = strategy;
  }

  authenticate(exchange: Exchange, context: AuthenticationContext): Answer {
    const request: BearerRequest = {
      headers: { authorization: `Bearer ${exchange.credential.secret}` },
      exchange,
      context,
      answer: undefined,
    };
    this.strategy.authenticate(request);
    if (request.answer === undefined) throw new Error('The bearer strategy did not ask the authenticator.');
    return request.answer;
  }
}
