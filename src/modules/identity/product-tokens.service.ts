import { Inject, Injectable } from '@nestjs/common';
import {
  APPLICATION_HTTP,
  ApplicationHttpError,
  actingUserOf,
  jsonOf,
} from '../applications/application-http.port.js';
import type { ApplicationHttpAnswer, ApplicationHttpPort } from '../applications/application-http.port.js';
import type { Application } from '../applications/applications.port.js';
import { sameUserName } from '../directory/directory.port.js';
import { userInAnswer, whoAmIPathOf } from './application-check.policy.js';
import type { ActingRequest, OutgoingRequest } from './identity.port.js';
import { mintRequestOf, mintedTokenOf, tokenListOf, tokensPathOf } from './product-tokens.policy.js';
import type { MintedToken, ProductToken } from './product-tokens.policy.js';

/** A user of an application and how to act as that user there. */
export interface ActingUser {
  readonly application: Application;
  readonly username: string;
  authorise(request: OutgoingRequest): ActingRequest | Promise<ActingRequest>;
}

/** Somebody who holds a personal access token. */
export function holderOf(application: Application, username: string, token: string): ActingUser {
  return {
    application,
    username,
    authorise: ({ path, query }) => ({
      target: path + query,
      headers: ['Authorization', `Bearer ${token}`],
    }),
  };
}

/**
 * A user's own tokens in an application: list, make, take back. Everything throws `ApplicationHttpError` when the
 * application cannot be asked.
 */
@Injectable()
export class ProductTokens {
  constructor(@Inject(APPLICATION_HTTP) private readonly http: ApplicationHttpPort) {}

  /** Whom the application takes the caller for; undefined: nobody. Never from a cache. */
  async ownerOf(user: ActingUser): Promise<string | undefined> {
    const answer = await this.ask(user, 'GET', whoAmIPathOf(user.application));
    if (answer.status >= 500 || answer.status === 429)
      throw new ApplicationHttpError(`The application answered with HTTP ${answer.status}.`);
    return userInAnswer(user.application.product, answer, actingUserOf(answer));
  }

  /** Undefined: the application does not tell. */
  async list(user: ActingUser): Promise<ProductToken[] | undefined> {
    return tokenListOf(await this.ask(user, 'GET', await this.pathOf(user)));
  }

  /** Makes a token of this user; throws when the application makes none, or for anybody else. */
  async mint(user: ActingUser, name: string, days: number): Promise<MintedToken> {
    const { method, body } = mintRequestOf(user.application, name, days);
    const answer = await this.ask(user, method, await this.pathOf(user), body);
    const minted = mintedTokenOf(answer);
    if (!minted) throw new ApplicationHttpError(`The application made no token (HTTP ${answer.status}).`);
    const owner = await this.ownerOf(holderOf(user.application, user.username, minted.token));
    if (owner !== undefined && sameUserName(owner, user.username)) return minted;
    await this.revoke(user, minted.id);
    throw new ApplicationHttpError(`The application made a token of ${owner ?? 'nobody'}.`);
  }

  /** True when the token is gone. */
  async revoke(user: ActingUser, id: string): Promise<boolean> {
    const path = `${await this.pathOf(user)}/${encodeURIComponent(id)}`;
    const { status } = await this.ask(user, 'DELETE', path);
    return (status >= 200 && status < 300) || status === 404;
  }

  private async pathOf(user: ActingUser): Promise<string> {
    const { application, username } = user;
    return tokensPathOf(
      application,
      application.product === 'bitbucket' ? await this.slugOf(user) : username,
    );
  }

  /** Bitbucket's addresses name users by a slug, which is not always the user name. */
  private async slugOf(user: ActingUser): Promise<string> {
    const query = `?filter=${encodeURIComponent(user.username)}&limit=100`;
    const answer = await this.ask(
      user,
      'GET',
      `${user.application.contextPath}/rest/api/latest/users`,
      undefined,
      query,
    );
    const json = jsonOf(answer) as { values?: unknown } | undefined;
    for (const each of Array.isArray(json?.values) ? (json.values as unknown[]) : []) {
      const { name, slug } = (each ?? {}) as Record<string, unknown>;
      if (typeof name === 'string' && typeof slug === 'string' && sameUserName(name, user.username))
        return slug;
    }
    throw new ApplicationHttpError('The application does not tell the address of the user.');
  }

  private async ask(
    user: ActingUser,
    method: string,
    path: string,
    body?: string,
    query = '',
  ): Promise<ApplicationHttpAnswer> {
    const acting = await user.authorise({ method, path, query, form: undefined });
    const headers: Record<string, string> = { accept: 'application/json' };
    for (let i = 0; i + 1 < acting.headers.length; i += 2)
      headers[acting.headers[i] as string] = acting.headers[i + 1] as string;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const request = { method, target: acting.target, headers, ...(body !== undefined && { body }) };
    return this.http.request(user.application, request);
  }
}
