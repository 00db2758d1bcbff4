import { applyDecorators } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { DescribesSections } from '../../platform/openapi/configuration-schema.js';
import type { SectionInputs } from '../../platform/openapi/configuration-schema.js';
import type { Actor } from '../access/access.port.js';

const Contributor = DiscoveryService.createDecorator<undefined>();

/** How the configuration module finds the classes marked with `@ConfigurationPart`. */
export const CONTRIBUTOR_KEY = Contributor.KEY;

/**
 * Marks a provider class that implements `ConfigurationContributor`, and says what its sections hold, for the
 * schema of the document. The configuration module finds it by itself: list the class among the providers of the
 * feature's module, nothing more.
 */
export const ConfigurationPart = (sections: SectionInputs): ClassDecorator =>
  applyDecorators(Contributor(undefined), DescribesSections(sections));

/** A feature's sections of the configuration document. */
export interface ConfigurationContributor {
  readonly sections: readonly ConfigurationSection[];
}

/** Who applies a document, and how. */
export interface ApplyContext {
  readonly actor: Actor;
  /** True: changes that need `confirm=true` elsewhere are confirmed. */
  readonly confirmed: boolean;
}

/** The stored document of a section. */
export interface VersionedSetting {
  /** Key in the settings store. */
  readonly key: string;
  /** A stored value in the form of the section's document, without secrets. */
  shown(stored: unknown): unknown;
}

/**
 * A feature's part of the configuration document. `apply` saves through the feature's own services, with their
 * checks and audit: it runs inside a change set, so nothing is kept when any section fails, and a dry run is
 * the same call rolled back. It changes nothing when the document says what is stored already.
 */
export interface ConfigurationSection {
  /** Key in the document, camelCase. */
  readonly name: string;
  /** Lower ones are applied first: what others refer to. Settings 10, applications 20, providers 30. */
  readonly order: number;
  /** Where the section is one settings document whose versions can be seen and restored. */
  readonly setting?: VersionedSetting;
  /** What is stored, without secrets, ids and times, always in the same order. */
  export(): Promise<unknown>;
  /**
   * Makes the stored settings say what the document says. A secret that the document leaves out stays as it
   * is; an item that it leaves out is deleted. Throws ProblemError whose fields are relative to the section.
   */
  apply(document: unknown, context: ApplyContext): Promise<void>;
}
