import { Inject, Injectable } from '@nestjs/common';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { ProblemError, notFound } from '../../platform/http/problem.js';
import { APPLICATION_HTTP, ApplicationHttpError } from '../applications/application-http.port.js';
import type { ApplicationHttpAnswer, ApplicationHttpPort } from '../applications/application-http.port.js';
import { APPLICATIONS } from '../applications/applications.port.js';
import type { Application } from '../applications/applications.port.js';
import { DIRECTORY } from '../directory/directory.port.js';
import type { DirectoryPort } from '../directory/directory.port.js';
import { serverTimeWarning, serverInfoOf, versionPathOf } from './application-check.policy.js';
import type { ApplicationCheckView, CheckApplication } from './dto/application-check.dto.js';
import { IdentityCheckService } from './identity-check.service.js';

/** Asks an application on an admin's behalf whether everything fits together, and says what to change. */
@Injectable()
export class ApplicationCheckService {
  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(APPLICATION_HTTP) private readonly http: ApplicationHttpPort,
    @Inject(DIRECTORY) private readonly directory: DirectoryPort,
    private readonly identity: IdentityCheckService,
  ) {}

  /**
   * `probeUser`: as whom to act; default: the directory's service account. Throws 404 for an unknown key, 409 when
   * the next key is to be tried and there is none.
   */
  async check(key: string, { probeUser, nextKey }: CheckApplication): Promise<ApplicationCheckView> {
    const found = APPLICATIONS.of(this.changeFeed.current).byKey.get(key);
    if (!found) throw notFound(`Application ${key}`);
    const application = nextKey ? withNextKey(found) : found;
    const answer = await this.reach(application);
    if (typeof answer === 'string') return unreachable(application, answer);
    const info = serverInfoOf(application.product, answer);
    const warnings = [...info.warnings, ...present(serverTimeWarning(answer.header('date'), Date.now()))];
    if (!application.enabled) warnings.push('The application is disabled: its traffic is answered with 404.');
    const [directory, identity] = await Promise.all([
      this.directory.check(application),
      this.identity.check(application, probeUser),
    ]);
    return {
      reachable: true,
      product: info.product,
      version: info.version,
      identity: { ok: identity.ok, detail: identity.detail },
      directory,
      warnings: [...warnings, ...identity.warnings],
    };
  }

  private async reach(application: Application): Promise<ApplicationHttpAnswer | string> {
    const target = `${application.contextPath}${versionPathOf(application.product)}`;
    try {
      return await this.http.request(application, {
        method: 'GET',
        target,
        headers: { accept: 'application/json' },
      });
    } catch (error) {
      if (!(error instanceof ApplicationHttpError)) throw error;
      return error.message;
    }
  }
}

/** The application as it will be after the activation. */
function withNextKey(application: Application): Application {
  const { identity } = application;
  if (identity.mode !== 'oauth1' || !identity.next)
    throw new ProblemError(409, 'no_next_key', 'No next key was prepared.');
  return { ...application, identity: { ...identity, ...identity.next } };
}

function unreachable(application: Application, why: string): ApplicationCheckView {
  const notAsked = { ok: false, detail: 'Not checked: the application cannot be reached.' };
  return {
    reachable: false,
    product: application.product,
    version: null,
    identity: notAsked,
    directory: notAsked,
    warnings: [why],
  };
}

function present(warning: string | undefined): string[] {
  return warning === undefined ? [] : [warning];
}
