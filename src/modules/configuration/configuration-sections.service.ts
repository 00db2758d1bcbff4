import { Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { CONTRIBUTOR_KEY } from './configuration.port.js';
import type { ConfigurationContributor, ConfigurationSection } from './configuration.port.js';

/** The sections that features declared. */
@Injectable()
export class ConfigurationSections {
  private found: readonly ConfigurationSection[] | undefined;

  constructor(private readonly discovery: DiscoveryService) {}

  /** In the order in which they are applied and exported. Throws when two have one name. */
  get ordered(): readonly ConfigurationSection[] {
    return (this.found ??= this.find());
  }

  private find(): readonly ConfigurationSection[] {
    const wrappers = this.discovery.getProviders({ metadataKey: CONTRIBUTOR_KEY });
    const sections = wrappers.flatMap(({ instance }) => (instance as ConfigurationContributor).sections);
    const names = sections.map(({ name }) => name);
    const twice = names.find((name, i) => names.indexOf(name) !== i);
    if (twice !== undefined) throw new Error(`The configuration section ${twice} is declared twice.`);
    return [...sections].sort((a, b) => a.order - b.order || (a.name < b.name ? -1 : 1));
  }
}
