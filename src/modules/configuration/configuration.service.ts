import { Inject, Injectable } from '@nestjs/common';
import { CONFIGURATION_FORMAT } from '../../lib/configuration-format.js';
import { CHANGE_SET } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeSetPort } from '../../platform/change-feed/change-feed.port.js';
import { sha256 } from '../../platform/crypto/sha256.js';
import { ProblemError } from '../../platform/http/problem.js';
import { configurationChanges } from './configuration-diff.policy.js';
import type { ConfigurationChange } from './configuration-diff.policy.js';
import { checkedDocument, inSection } from './configuration-document.policy.js';
import type { ConfigurationDocument } from './configuration-document.policy.js';
import { ConfigurationSections } from './configuration-sections.service.js';
import type { ApplyContext, ConfigurationSection } from './configuration.port.js';

export interface ApplyOptions extends ApplyContext {
  readonly dryRun: boolean;
  /** ETag that the stored configuration must have; undefined: any. */
  readonly expectedEtag?: string;
}

/** The whole configuration as one document. */
@Injectable()
export class ConfigurationService {
  constructor(
    private readonly sections: ConfigurationSections,
    @Inject(CHANGE_SET) private readonly changeSet: ChangeSetPort,
  ) {}

  /** Everything that is configured, without secrets, always in the same order. */
  async export(): Promise<ConfigurationDocument> {
    const document: Record<string, unknown> = { formatVersion: CONFIGURATION_FORMAT };
    for (const section of this.sections.ordered) document[section.name] = await section.export();
    return document;
  }

  /**
   * Makes the configuration say what a document says, all or nothing; sections that it leaves out stay as they
   * are. With `dryRun` nothing is kept. Throws 400 naming the fields, 412 when the configuration is not the
   * expected one, and what the features refuse.
   */
  async apply(value: unknown, options: ApplyOptions): Promise<ConfigurationChange[]> {
    const sections = this.sections.ordered;
    const document = checkedDocument(value, new Set(sections.map(({ name }) => name)));
    const changes = await this.changeSet.changeTogether(async () => {
      await this.expect(options.expectedEtag);
      for (const section of sections) {
        if (document[section.name] !== undefined)
          await applySection(section, document[section.name], options);
      }
    }, options);
    return configurationChanges(changes);
  }

  private async expect(etag: string | undefined): Promise<void> {
    if (etag === undefined || etag === etagOfDocument(await this.export())) return;
    throw new ProblemError(
      412,
      'precondition_failed',
      'The configuration was changed in between. Read it again.',
    );
  }
}

/** The ETag of an exported document. */
export function etagOfDocument(document: ConfigurationDocument): string {
  return `"${sha256(JSON.stringify(document))}"`;
}

async function applySection(
  section: ConfigurationSection,
  document: unknown,
  context: ApplyContext,
): Promise<void> {
  try {
    await section.apply(document, context);
  } catch (error) {
    throw error instanceof ProblemError ? inSection(section.name, error) : error;
  }
}
