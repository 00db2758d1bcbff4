import { compilePatternSet, isValidAntPattern } from '../../lib/ant-pattern.js';
import { compileMethodRule, tidyMethodRules } from '../../lib/method-rule.js';
import type { MethodRuleSetting } from '../../lib/method-rule.js';
import { forbiddingPattern } from '../../lib/rest-version.js';
import type { FieldFault } from '../../platform/http/problem.js';
import type { PublicApiLists } from './public-api.port.js';

/** The lists as they are stored and answered. */
export interface PublicApiSettings {
  readonly restricted: readonly MethodRuleSetting[];
  readonly bypass: readonly MethodRuleSetting[];
  readonly additionalPublic: readonly MethodRuleSetting[];
}

export const PUBLIC_API_KEY = 'public-api';
export const API_LISTS = ['restricted', 'bypass', 'additionalPublic'] as const;
export const DEFAULT_PUBLIC_API_SETTINGS: PublicApiSettings = {
  restricted: [],
  bypass: [],
  additionalPublic: [],
};

const MOST_FAULTS = 20;

/** What is wrong with the lists, at most twenty faults. */
export function publicApiFaults(settings: PublicApiSettings): FieldFault[] {
  const faults: FieldFault[] = [];
  for (const list of API_LISTS) {
    settings[list].forEach((rule, index) => {
      const message = isValidAntPattern(rule.path);
      if (message) faults.push({ field: `${list}[${index}].path`, message });
    });
  }
  return faults.slice(0, MOST_FAULTS);
}

/** What an admin should look at, although it may be saved. */
export function publicApiWarnings(
  settings: PublicApiSettings,
  applicationKeys: ReadonlySet<string>,
): string[] {
  const warnings: string[] = [];
  for (const list of API_LISTS) {
    settings[list].forEach((rule, index) => {
      const name = `${list}[${index}]`;
      if (rule.application !== undefined && !applicationKeys.has(rule.application)) {
        warnings.push(`${name} names the application ${rule.application}, which does not exist.`);
      }
      if (list !== 'restricted' && coversEverything(rule.path)) {
        warnings.push(`${name} covers every path: Restgate authenticates nobody there.`);
      }
    });
  }
  return warnings;
}

function coversEverything(path: string): boolean {
  return /^(?:\/\*{1,2})+\/?$/.test(path) || path === '/rest/**';
}

/** Methods in upper case, each once, `HEAD` as the `GET` that serves it; every rule once. */
export function tidyPublicApi(settings: PublicApiSettings): PublicApiSettings {
  return {
    restricted: tidyMethodRules(settings.restricted),
    bypass: tidyMethodRules(settings.bypass),
    additionalPublic: tidyMethodRules(settings.additionalPublic),
  };
}

/** Stored lists as the hot path reads them. Throws for patterns that `publicApiFaults` faults. */
export function compilePublicApi(settings: PublicApiSettings): PublicApiLists {
  return {
    // What is restricted is restricted in whatever spelling; the lists that let through are taken literally.
    restricted: compilePatternSet(
      settings.restricted.map((rule) => ({
        pattern: forbiddingPattern(rule.path),
        value: compileMethodRule(rule),
      })),
    ),
    bypass: compilePatternSet(
      settings.bypass.map((rule) => ({ pattern: rule.path, value: compileMethodRule(rule) })),
    ),
    additionalPublic: compilePatternSet(
      settings.additionalPublic.map((rule) => ({ pattern: rule.path, value: compileMethodRule(rule) })),
    ),
  };
}
