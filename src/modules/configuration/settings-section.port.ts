import { isDeepStrictEqual } from 'node:util';
import type { ClassConstructor } from 'class-transformer';
import { validated } from '../../platform/http/validated.js';
import type { ApplyContext, ConfigurationSection } from './configuration.port.js';

export interface SettingsSectionOptions<T extends object> {
  /** Key in the document, camelCase. */
  readonly name: string;
  /** What the API takes for these settings; checks the document too. */
  readonly input: ClassConstructor<T>;
  /** The stored settings in the form of `input`, without secrets. */
  read(): Promise<object>;
  /** Saves through the feature's service, with all its checks. */
  save(settings: T, context: ApplyContext): Promise<unknown>;
}

const SETTINGS_ORDER = 10;

/** The section of a single settings document. Saves nothing when the document says what is stored. */
export function settingsSection<T extends object>(options: SettingsSectionOptions<T>): ConfigurationSection {
  const { name, input, read, save } = options;
  return {
    name,
    order: SETTINGS_ORDER,
    export: async () => plain(await read()),
    async apply(document, context) {
      if (isDeepStrictEqual(document, plain(await read()))) return;
      await save(await validated(input, document), context);
    },
  };
}

/** As it looks in JSON: no undefined fields, no classes. */
export function plain(value: object): unknown {
  return JSON.parse(JSON.stringify(value));
}
