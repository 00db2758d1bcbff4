import { Controller, Get, Inject, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { API } from '../../platform/http/api.js';
import { ProblemError, notFound } from '../../platform/http/problem.js';
import { Access } from '../access/access.port.js';
import { APPLICATIONS } from '../applications/applications.port.js';
import type { Application } from '../applications/applications.port.js';
import { DIRECTORY, DirectoryUnavailableError } from './directory.port.js';
import type { DirectoryEntry, DirectoryPort } from './directory.port.js';
import { DirectoryEntryPage, DirectorySearch } from './dto/directory.dto.js';

const DEFAULT_LIMIT = 20;

/** Users and groups for pickers. */
@ApiTags('directory')
@Controller(`${API}/directory`)
export class DirectoryController {
  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(DIRECTORY) private readonly directory: DirectoryPort,
  ) {}

  /** Users whose name contains the text. */
  @Get('users')
  @Access('auditor')
  users(@Query() search: DirectorySearch): Promise<DirectoryEntryPage> {
    return this.page(search, (application, text, limit) =>
      this.directory.searchUsers(application, text, limit),
    );
  }

  /** Groups whose name contains the text. */
  @Get('groups')
  @Access('auditor')
  groups(@Query() search: DirectorySearch): Promise<DirectoryEntryPage> {
    return this.page(search, (application, text, limit) =>
      this.directory.searchGroups(application, text, limit),
    );
  }

  private async page(
    search: DirectorySearch,
    find: (application: Application, text: string, limit: number) => Promise<DirectoryEntry[]>,
  ): Promise<DirectoryEntryPage> {
    const application = APPLICATIONS.of(this.changeFeed.current).byKey.get(search.application);
    if (!application) throw notFound(`Application ${search.application}`);
    // Without a directory there is nobody to ask, and nothing to pick from.
    if (application.directory.kind === 'claims') return { items: [], nextCursor: null };
    try {
      const items = await find(application, search.query ?? '', search.limit ?? DEFAULT_LIMIT);
      return { items, nextCursor: null };
    } catch (error) {
      if (!(error instanceof DirectoryUnavailableError)) throw error;
      const headers = { 'retry-after': String(error.retryAfterSeconds) };
      throw new ProblemError(503, 'directory_unavailable', error.message, undefined, headers);
    }
  }
}
