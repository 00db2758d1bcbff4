import { Body, Controller, Delete, Get, HttpCode, Param, ParseUUIDPipe, Patch, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { API } from '../../platform/http/api.js';
import { Access, CurrentActor } from '../access/access.port.js';
import type { Actor } from '../access/access.port.js';
import { CreateProvider, UpdateProvider } from './dto/provider-input.dto.js';
import { PresetListView, ProviderListView, ProviderView } from './dto/provider-view.dto.js';
import { PRESETS } from './presets/presets.policy.js';
import { presetViewOf } from './provider-view.policy.js';
import { ProvidersService } from './providers.service.js';

@ApiTags('providers')
@Controller(`${API}/providers`)
export class ProvidersController {
  constructor(private readonly providers: ProvidersService) {}

  /** The known providers and what to fill in for each. */
  @Get('presets')
  @Access('auditor')
  presets(): PresetListView {
    return { items: PRESETS.map(presetViewOf), nextCursor: null };
  }

  /** All configured providers, in their order. */
  @Get()
  @Access('auditor')
  async list(): Promise<ProviderListView> {
    return { items: await this.providers.list(), nextCursor: null };
  }

  /** Adds a provider. Endpoints come from the preset, or by discovery from the issuer. */
  @Post()
  @Access('admin')
  create(@Body() input: CreateProvider, @CurrentActor() actor: Actor): Promise<ProviderView> {
    return this.providers.create(input, actor);
  }

  /** One provider. */
  @Get(':id')
  @Access('auditor')
  get(@Param('id', ParseUUIDPipe) id: string): Promise<ProviderView> {
    return this.providers.get(id);
  }

  /** Changes a provider; its cached tokens are forgotten. */
  @Patch(':id')
  @Access('admin')
  update(
    @Param('id', ParseUUIDPipe) id: string,
    @Body() input: UpdateProvider,
    @CurrentActor() actor: Actor,
  ): Promise<ProviderView> {
    return this.providers.update(id, input, actor);
  }

  /** Removes a provider; its tokens are refused from now on. */
  @Delete(':id')
  @Access('admin')
  @HttpCode(204)
  remove(@Param('id', ParseUUIDPipe) id: string, @CurrentActor() actor: Actor): Promise<void> {
    return this.providers.remove(id, actor);
  }

  /** Fills the endpoints from the issuer's metadata. */
  @Post(':id/discover')
  @Access('admin')
  @HttpCode(200)
  discover(@Param('id', ParseUUIDPipe) id: string, @CurrentActor() actor: Actor): Promise<ProviderView> {
    return this.providers.discover(id, actor);
  }
}
