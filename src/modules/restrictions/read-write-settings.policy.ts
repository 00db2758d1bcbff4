import { compilePatternSet, isValidAntPattern } from '../../lib/ant-pattern.js';
import type { PatternSet } from '../../lib/ant-pattern.js';
import { compileMethodRule, tidyMethodRules } from '../../lib/method-rule.js';
import type { MethodRuleSetting } from '../../lib/method-rule.js';
import { forbiddingPattern } from '../../lib/rest-version.js';
import type { FieldFault } from '../../platform/http/problem.js';
import type { Classification, Classified } from './classified.policy.js';
import type { ReadWriteEntry, ReadWriteRules } from './read-write.policy.js';

/** What the admin says about reads and writes, as it is stored and answered. */
export interface ReadWriteSettings {
  readonly reads: readonly MethodRuleSetting[];
  readonly writes: readonly MethodRuleSetting[];
}

export const READ_WRITE_KEY = 'restrictions/read-write';
export const DEFAULT_READ_WRITE_SETTINGS: ReadWriteSettings = { reads: [], writes: [] };

const LISTS = ['reads', 'writes'] as const;
const MOST_FAULTS = 20;

/** What is wrong with the lists, at most twenty faults. */
export function readWriteFaults(settings: ReadWriteSettings): FieldFault[] {
  const faults: FieldFault[] = [];
  for (const list of LISTS) {
    settings[list].forEach(({ path, methods }, index) => {
      const message = isValidAntPattern(path);
      if (message) faults.push({ field: `${list}[${index}].path`, message });
      if (list === 'reads' && methods.length === 0) {
        faults.push({ field: `reads[${index}].methods`, message: 'must name the methods that only read' });
      }
      if (list === 'reads' && path.startsWith('/rpc/')) {
        const always = 'must not be a remote procedure: its body says what it does, so it is always a write';
        faults.push({ field: `reads[${index}].path`, message: always });
      }
    });
  }
  return faults.slice(0, MOST_FAULTS);
}

/** What an admin should look at, although it may be saved. */
export function readWriteWarnings(
  settings: ReadWriteSettings,
  applicationKeys: ReadonlySet<string>,
): string[] {
  const warnings: string[] = [];
  for (const list of LISTS) {
    settings[list].forEach(({ application, methods, path }, index) => {
      const name = `${list}[${index}]`;
      if (application !== undefined && !applicationKeys.has(application)) {
        warnings.push(`${name} names the application ${application}, which does not exist.`);
      }
      if (list === 'reads' && methods.includes('POST') && path.includes('**')) {
        warnings.push(`${name} opens every POST below ${path} to callers who may only read.`);
      }
    });
  }
  return warnings;
}

/** Methods in upper case, each once, `HEAD` as the `GET` that serves it; every entry once. */
export function tidyReadWrite(settings: ReadWriteSettings): ReadWriteSettings {
  return { reads: tidyMethodRules(settings.reads), writes: tidyMethodRules(settings.writes) };
}

/** Stored lists as the hot path reads them. Throws for patterns that `readWriteFaults` faults. */
export function compileReadWrite(settings: ReadWriteSettings): ReadWriteRules {
  return {
    reads: compileList(settings.reads, 'read', (path) => path),
    // What is a write is one in whatever spelling; what is a read is taken literally.
    writes: compileList(settings.writes, 'write', forbiddingPattern),
  };
}

function compileList(
  settings: readonly MethodRuleSetting[],
  classification: Classification,
  patternOf: (path: string) => string,
): PatternSet<ReadWriteEntry> | undefined {
  if (settings.length === 0) return undefined;
  return compilePatternSet(
    settings.map((setting) => {
      const classified = classifiedBy(setting, classification);
      return { pattern: patternOf(setting.path), value: { ...compileMethodRule(setting), classified } };
    }),
  );
}

function classifiedBy(setting: MethodRuleSetting, classification: Classification): Classified {
  const methods = setting.methods.length > 0 ? setting.methods.join(', ') : 'every method';
  const where = setting.application === undefined ? '' : ` of ${setting.application}`;
  const detail = `Listed by an admin among the ${classification}s${where}: ${methods} ${setting.path}.`;
  return { classification, source: 'setting', path: setting.path, detail };
}
