import { Body, Controller, Get, Headers, Put, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { MethodRuleSetting } from '../../lib/method-rule.js';
import { API } from '../../platform/http/api.js';
import { etagOf, expectedVersion } from '../../platform/http/etag.js';
import { Access, CurrentActor } from '../access/access.port.js';
import type { Actor } from '../access/access.port.js';
import { READING_POSTS } from './catalogue/read-catalogue.policy.js';
import { WRITING_GETS } from './catalogue/write-catalogue.policy.js';
import {
  ReadWriteCatalogueEntryView,
  ReadWriteCatalogueView,
  ReadWriteDto,
  ReadWriteView,
  SavedReadWriteView,
} from './dto/read-write.dto.js';
import type { ReadWriteSettings } from './read-write-settings.policy.js';
import { ReadWriteService } from './read-write.service.js';

@ApiTags('restrictions')
@Controller(`${API}/restrictions/read-write`)
export class ReadWriteController {
  constructor(private readonly service: ReadWriteService) {}

  /** Which calls count as reads or writes here, on top of the shipped catalogue. */
  @Get()
  @Access('auditor')
  async read(@Res({ passthrough: true }) reply: FastifyReply): Promise<ReadWriteView> {
    const { value, version } = await this.service.read();
    reply.header('ETag', etagOf(version));
    return viewOf(value);
  }

  /** Replaces the lists. A call that is listed as a read is open to everybody who may only read. */
  @Put()
  @Access('admin')
  async replace(
    @Body() body: ReadWriteDto,
    @Headers('if-match') ifMatch: string | undefined,
    @CurrentActor() actor: Actor,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SavedReadWriteView> {
    const saved = await this.service.replace(body, actor, expectedVersion(ifMatch));
    reply.header('ETag', etagOf(saved.version));
    return { ...viewOf(saved.value), warnings: [...saved.warnings] };
  }

  /** The shipped catalogue: POSTs that read, and GETs that write. */
  @Get('catalogue')
  @Access('auditor')
  catalogue(): ReadWriteCatalogueView {
    const reads = READING_POSTS.map((post): ReadWriteCatalogueEntryView => ({
      classification: 'read',
      ...post,
      methods: ['POST'],
      fixed: false,
    }));
    const writes = WRITING_GETS.map((entry): ReadWriteCatalogueEntryView => ({
      classification: 'write',
      product: null,
      ...entry,
      methods: ['GET', 'HEAD', 'OPTIONS'],
    }));
    return { items: [...reads, ...writes], nextCursor: null };
  }
}

function viewOf({ reads, writes }: ReadWriteSettings): ReadWriteView {
  return { reads: reads.map(entryOf), writes: writes.map(entryOf) };
}

function entryOf(entry: MethodRuleSetting): MethodRuleSetting & { methods: string[] } {
  return { ...entry, methods: [...entry.methods] };
}
