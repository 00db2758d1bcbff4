import { Inject, Injectable } from '@nestjs/common';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { invalidField, ProblemError } from '../../platform/http/problem.js';
import { APPLICATIONS } from '../applications/applications.port.js';
import type { Application } from '../applications/applications.port.js';
import { DIRECTORY, DirectoryUnavailableError } from '../directory/directory.port.js';
import type { DirectoryPort, DirectoryUser } from '../directory/directory.port.js';

/** What the directories say of a user name. `unchecked`: only token claims could tell, and there are none here. */
export type OwnerFinding =
  | { readonly state: 'active' | 'inactive'; readonly user: DirectoryUser }
  | { readonly state: 'unknown' | 'unchecked' | 'unavailable' };

/** Finds out whether a user exists, in the directories of all enabled applications. */
@Injectable()
export class TokenOwnerService {
  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(DIRECTORY) private readonly directory: DirectoryPort,
  ) {}

  /** The name as the directory spells it. Throws 400 for an unknown or inactive user, 503 when nobody can tell. */
  async nameOf(username: string): Promise<string> {
    const finding = await this.look(username);
    switch (finding.state) {
      case 'active':
        return finding.user.username;
      case 'unchecked':
        return username;
      case 'inactive':
        throw invalidField('username', 'the account of this user is not active');
      case 'unknown':
        throw invalidField('username', 'no enabled application knows this user');
      case 'unavailable':
        throw new ProblemError(
          503,
          'directory_unavailable',
          'The user directory cannot be asked.',
          undefined,
          {
            'retry-after': '5',
          },
        );
    }
  }

  /** One directory that knows the user as active is enough; an unreachable one is no proof of anything. */
  async look(username: string): Promise<OwnerFinding> {
    const applications = [...APPLICATIONS.of(this.changeFeed.current).byKey.values()].filter(
      (a) => a.enabled,
    );
    const asked = applications.filter((application) => application.directory.kind !== 'claims');
    const findings: OwnerFinding[] = [];
    for (const application of asked) {
      const finding = await this.lookIn(application, username);
      if (finding.state === 'active') return finding;
      findings.push(finding);
    }
    const inactive = findings.find((finding) => finding.state === 'inactive');
    if (inactive) return inactive;
    if (findings.some((finding) => finding.state === 'unavailable')) return { state: 'unavailable' };
    return { state: asked.length < applications.length ? 'unchecked' : 'unknown' };
  }

  private async lookIn(application: Application, username: string): Promise<OwnerFinding> {
    try {
      const user = await this.directory.find(application, { by: 'username', value: username });
      if (!user) return { state: 'unknown' };
      return { state: user.active ? 'active' : 'inactive', user };
    } catch (error) {
      if (error instanceof DirectoryUnavailableError) return { state: 'unavailable' };
      throw error;
    }
  }
}
