import { isDeepStrictEqual } from 'node:util';
import type { ClassConstructor } from 'class-transformer';
import { validated } from '../../platform/http/validated.js';
import type { ApplyContext, ConfigurationSection } from './configuration.port.js';

export interface SettingsSectionOptions<T extends object> {
  /** Key in the document, camelCase. */
  readonly name: string;
  /** Key in the settings store. */
  readonly settingKey: string;
  /** A stored value without its secrets, where it holds any. */
  readonly shown?: (stored: unknown) => object;
  /** What the API takes for these settings; checks the document too. */
  readonly input: ClassConstructor<T>;
  /** What fields that the document leaves out become, where `input` does not say it. */
  readonly defaults?: object;
  /** The stored settings in the form of `input`, without secrets. */
  readonly read: () => Promise<object>;
  /** Saves through the feature's service, with all its checks. */
  readonly save: (settings: T, context: ApplyContext) => Promise<unknown>;
}

const SETTINGS_ORDER = 10;

/** The section of a single settings document. Saves nothing when the document says what is stored. */
export function settingsSection<T extends object>(options: SettingsSectionOptions<T>): ConfigurationSection {
  const { name, input, defaults = {}, read, save, settingKey } = options;
  const { shown = (stored: unknown) => ({ ...defaults, ...(stored as object) }) } = options;
  return {
    name,
    order: SETTINGS_ORDER,
    setting: { key: settingKey, shown: (stored) => plain(shown(stored)) },
    export: async () => plain(await read()),
    async apply(document, context) {
      const stored = plain(await read());
      if (isDeepStrictEqual(document, stored)) return;
      const wanted = await validated(input, document);
      if (isDeepStrictEqual({ ...defaults, ...plain(wanted) }, stored)) return;
      await save(wanted, context);
    },
  };
}

/** As it looks in JSON: no undefined fields, no classes. */
export function plain<T extends object>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
