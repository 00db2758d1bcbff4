import type { Application, DirectorySettings } from '../applications/applications.port.js';

/** Whom to ask for users and groups, and with which account. */
export type DirectorySource =
  | {
      readonly kind: 'application';
      readonly application: Application;
      readonly account: string;
      readonly authorization: string;
    }
  | {
      readonly kind: 'crowd';
      readonly application: Application;
      readonly baseUrl: string;
      readonly account: string;
      readonly authorization: string;
    };

const MOST_HOPS = 20;

/** The source that an application's directory settings lead to, or what is wrong with them in words. */
export function sourceOf(
  application: Application,
  byKey: ReadonlyMap<string, Application>,
): DirectorySource | string {
  let current = application;
  for (let hop = 0; hop < MOST_HOPS; hop++) {
    const settings = current.directory;
    if (settings.kind === 'claims')
      return `Application ${current.key} has no directory: users are taken as the token names them.`;
    if (settings.kind === 'crowd') return crowdSource(current, settings);
    const target = settings.application === undefined ? current : byKey.get(settings.application);
    if (!target)
      return `Application ${current.key} uses the directory of ${settings.application}, which does not exist.`;
    const account = accountOf(settings);
    if (account) return { kind: 'application', application: target, ...account };
    if (target === current) {
      return `Application ${current.key} has no service account for its directory: set directory.username and directory.password, or directory.personalAccessToken.`;
    }
    current = target;
  }
  return `The directories of application ${application.key} lead in a circle.`;
}

function crowdSource(
  application: Application,
  settings: Extract<DirectorySettings, { kind: 'crowd' }>,
): DirectorySource {
  const { baseUrl, username, password } = settings;
  return { kind: 'crowd', application, baseUrl, account: username, authorization: basic(username, password) };
}

function accountOf(
  settings: Extract<DirectorySettings, { kind: 'application' }>,
): { account: string; authorization: string } | undefined {
  const { username, password, personalAccessToken } = settings;
  if (personalAccessToken !== undefined)
    return { account: 'the personal access token', authorization: `Bearer ${personalAccessToken}` };
  if (username === undefined || password === undefined) return undefined;
  return { account: username, authorization: basic(username, password) };
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}
