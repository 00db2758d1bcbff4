import { Inject, Injectable } from '@nestjs/common';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { CONFIG } from '../../platform/config/config.js';
import type { Config } from '../../platform/config/config.js';
import { invalidField } from '../../platform/http/problem.js';
import { APPLICATIONS } from '../applications/applications.port.js';
import type { Application } from '../applications/applications.port.js';
import { classify, READ_WRITE } from '../restrictions/restrictions.port.js';
import type { Classified } from '../restrictions/restrictions.port.js';
import { AssumedUserService } from './assumed-user.service.js';
import { assumedHeaders, dryRunRequest, headersOf } from './dry-run-request.policy.js';
import type { AskedRequest, PastedCredential } from './dry-run-request.policy.js';
import { DryRunService } from './dry-run.service.js';
import type { DryRun } from './dry-run.service.js';
import type { CredentialKind, Exchange } from './exchange.port.js';

/** Which request explain is asked about, and for whom: a user, a credential, or nobody. */
export interface Question {
  readonly application: string;
  readonly method: string;
  readonly path: string;
  readonly clientIp: string;
  readonly username?: string;
  readonly credential?: PastedCredential;
  /** The kind of credential to assume for `username`, or for a session or application link. */
  readonly kind?: CredentialKind;
}

/** What would happen and why. */
export interface Explanation extends DryRun {
  readonly application: Application;
  /** Whether it reads or writes, and what decided. */
  readonly classified: Classified;
}

/** Says for any request what the gateway would do and why, by the steps that decide real requests. */
@Injectable()
export class ExplainService {
  private readonly publicHost: string;

  constructor(
    @Inject(CONFIG) config: Config,
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    private readonly dryRun: DryRunService,
    private readonly users: AssumedUserService,
  ) {
    this.publicHost = new URL(config.publicUrl).host;
  }

  /** Throws 400 for an application that does not exist. */
  async explain(question: Question): Promise<Explanation> {
    const application = APPLICATIONS.of(this.changeFeed.current).byKey.get(question.application);
    if (!application) throw invalidField('application', `there is no application "${question.application}"`);
    const { method, path, clientIp, credential, username, kind } = question;
    const asked: AskedRequest = { application, method, path, clientIp };
    const assumedKind = kind ?? (username === undefined ? 'none' : 'oauth');
    const headers = credential ? headersOf(credential) : assumedHeaders(assumedKind);
    const user =
      username === undefined ? undefined : await this.users.find(application, username, assumedKind);
    const run = await this.dryRun.run(dryRunRequest(asked, this.publicHost, headers), user);
    return { ...run, application, classified: classifiedOf(run.exchange, application) };
  }
}

/** The steps classify late; explain tells it for requests that were refused before, too. */
function classifiedOf({ snapshot, head, policyPath }: Exchange, application: Application): Classified {
  return classify(READ_WRITE.of(snapshot), application, head, policyPath);
}
