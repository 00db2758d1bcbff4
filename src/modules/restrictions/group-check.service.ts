import { Inject, Injectable } from '@nestjs/common';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { APPLICATIONS } from '../applications/applications.port.js';
import type { Application } from '../applications/applications.port.js';
import { DIRECTORY, DirectoryUnavailableError } from '../directory/directory.port.js';
import type { DirectoryPort } from '../directory/directory.port.js';

/** Names that are looked up for one save; the rest is told to be unchecked. */
const MOST_NAMES = 50;
/** A search answers names that contain the text; the exact one is expected among so many. */
const SEARCH_LIMIT = 100;
const DEADLINE_MS = 5000;

/** Tells which group names no directory knows: a typing error in a restriction shuts people out. */
@Injectable()
export class GroupCheckService {
  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(DIRECTORY) private readonly directory: DirectoryPort,
  ) {}

  /** Never fails because a directory is away or slow: that is a warning of its own. */
  async warningsFor(names: readonly string[]): Promise<string[]> {
    const applications = [...APPLICATIONS.of(this.changeFeed.current).byKey.values()].filter(
      ({ enabled, directory }) => enabled && directory.kind !== 'claims',
    );
    if (names.length === 0 || applications.length === 0) return [];
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<string[]>((resolve) => {
      timer = setTimeout(
        () => resolve(['The directories took too long, so not all groups were checked.']),
        DEADLINE_MS,
      );
    });
    try {
      return await Promise.race([
        this.check(names.slice(0, MOST_NAMES), applications, names.length),
        deadline,
      ]);
    } finally {
      clearTimeout(timer);
    }
  }

  private async check(
    names: readonly string[],
    applications: Application[],
    count: number,
  ): Promise<string[]> {
    const away = new Set<string>();
    const warnings: string[] = [];
    for (const name of names) {
      const found = await Promise.all(applications.map((application) => this.has(application, name, away)));
      if (!found.includes(true) && away.size < applications.length) {
        warnings.push(`No directory knows the group "${name}".`);
      }
    }
    for (const key of away)
      warnings.push(`The directory of ${key} could not be asked, so its groups were not checked.`);
    if (count > names.length) warnings.push(`Only the first ${MOST_NAMES} new groups were checked.`);
    return warnings;
  }

  private async has(application: Application, name: string, away: Set<string>): Promise<boolean> {
    if (away.has(application.key)) return false;
    try {
      const entries = await this.directory.searchGroups(application, name, SEARCH_LIMIT);
      return entries.some((entry) => entry.name.toLowerCase() === name.toLowerCase());
    } catch (error) {
      if (!(error instanceof DirectoryUnavailableError)) throw error;
      away.add(application.key);
      return false;
    }
  }
}
