import { Inject, Injectable } from '@nestjs/common';
import type { Application } from '../applications/applications.port.js';
import { DIRECTORY } from '../directory/directory.port.js';
import type { DirectoryPort } from '../directory/directory.port.js';
import type { AssumedUser } from './dry-run.service.js';
import type { CredentialKind, Denial, Principal } from './exchange.port.js';
import { deny } from './pipeline.port.js';
import { denialOf } from './step-report.policy.js';

/** A user whom explain asks about without having a credential of them. */
@Injectable()
export class AssumedUserService {
  constructor(@Inject(DIRECTORY) private readonly directory: DirectoryPort) {}

  /** The user as the application's directory knows them, or the denial that the user would get. */
  async find(application: Application, username: string, kind: CredentialKind): Promise<AssumedUser> {
    const credential = { kind, form: kind === 'basic' ? 'basic' : 'bearer', secret: '', username } as const;
    const found = await this.lookUp(application, username, kind);
    return { found, credential, note: noteFor(application, username) };
  }

  private async lookUp(
    application: Application,
    username: string,
    kind: CredentialKind,
  ): Promise<Principal | Denial> {
    if (application.directory.kind === 'claims') return principal(username, [], kind);
    try {
      const user = await this.directory.find(application, { by: 'username', value: username });
      if (!user)
        return deny('user_unknown', {
          detail: `The directory of ${application.key} has no user ${username}.`,
        });
      if (!user.active)
        return deny('user_inactive', { detail: `The account ${user.username} is not active.` });
      return principal(user.username, user.groups, kind);
    } catch (error) {
      const denial = denialOf(error);
      if (denial.reason === 'internal_error') throw error;
      return denial;
    }
  }
}

function principal(username: string, groups: readonly string[], kind: CredentialKind): Principal {
  const groupKeys = new Set(groups.map((group) => group.toLowerCase()));
  return { username, groups, groupKeys, credential: { kind }, verified: true };
}

function noteFor({ directory }: Application, username: string): string {
  const note = `Assumed to be ${username}, without a credential.`;
  return directory.kind === 'claims' ? `${note} The groups that tokens name are not known here.` : note;
}
