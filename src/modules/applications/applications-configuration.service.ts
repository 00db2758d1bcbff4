import { Inject, Injectable } from '@nestjs/common';
import { collectionSection, without } from '../configuration/collection-section.port.js';
import { ConfigurationPart } from '../configuration/configuration.port.js';
import type { ConfigurationContributor, ConfigurationSection } from '../configuration/configuration.port.js';
import { APPLICATION_ADMINISTRATION } from './application-administration.port.js';
import type { ApplicationAdministrationPort, ApplicationInput } from './application-administration.port.js';
import type { ApplicationView } from './dto/application-view.dto.js';
import { CreateApplication } from './dto/application.dto.js';

const AFTER_SETTINGS = 20;

/** `applications` of the configuration document. Private keys are never in it: each installation makes its own. */
@Injectable()
@ConfigurationPart({ applications: [CreateApplication] })
export class ApplicationsConfiguration implements ConfigurationContributor {
  readonly sections: readonly ConfigurationSection[];

  constructor(@Inject(APPLICATION_ADMINISTRATION) applications: ApplicationAdministrationPort) {
    this.sections = [
      collectionSection({
        name: 'applications',
        order: AFTER_SETTINGS,
        key: 'key',
        input: CreateApplication,
        read: async () => {
          const views = (await applications.list()).map(({ view }) => view);
          return views.sort((a, b) => (a.key < b.key ? -1 : 1)).map(exported);
        },
        create: ({ key, ...input }, { actor }) => applications.create(key, input, actor),
        update: (key, { key: _key, ...input }, { actor }) => applications.update(key, complete(input), actor),
        remove: (key, { actor }) => applications.remove(key, actor),
      }),
    ];
  }
}

function exported(view: ApplicationView): object {
  return {
    ...without(view, ['createdAt', 'updatedAt']),
    identity: without(view.identity, [
      'setup',
      'publicKey',
      'nextPublicKey',
      'nextConsumerKey',
      'sharedSecretSet',
    ]),
    directory: without(view.directory, ['passwordSet', 'personalAccessTokenSet']),
    ...(view.tls && { tls: without(view.tls, ['privateKeySet']) }),
  };
}

/** What may be absent, and is absent in the document, goes back to its default. */
function complete(input: ApplicationInput): ApplicationInput {
  const given = Object.entries(input).filter(([, value]) => value !== undefined);
  return { pathPrefix: null, hostname: null, anonymousAccess: null, tls: null, ...Object.fromEntries(given) };
}
