import type { FieldFault } from '../../platform/http/problem.js';
import type { GroupRestrictions, GroupRule, RestrictionMode } from './restrictions.port.js';

/** One group list as it is stored. */
export interface GroupListSetting {
  readonly enabled: boolean;
  readonly groups: readonly string[];
}

/** The group restrictions as they are stored and answered. */
export interface GroupSettings {
  readonly apiAccess: GroupListSetting;
  readonly readOnly: GroupListSetting;
  readonly tokenCreation: GroupListSetting;
  readonly mode: RestrictionMode;
}

export const GROUP_SETTINGS_KEY = 'restrictions/groups';
export const GROUP_LISTS = ['apiAccess', 'readOnly', 'tokenCreation'] as const;

const OFF: GroupListSetting = { enabled: false, groups: [] };

export const DEFAULT_GROUP_SETTINGS: GroupSettings = {
  apiAccess: OFF,
  readOnly: OFF,
  tokenCreation: OFF,
  mode: 'enforce',
};

/** Group names trimmed, each once; names that differ only in case are the same group. */
export function tidyGroupSettings(settings: GroupSettings): GroupSettings {
  return {
    apiAccess: tidyList(settings.apiAccess),
    readOnly: tidyList(settings.readOnly),
    tokenCreation: tidyList(settings.tokenCreation),
    mode: settings.mode,
  };
}

function tidyList(list: GroupListSetting): GroupListSetting {
  const byKey = new Map<string, string>();
  for (const group of list.groups) {
    const name = group.trim();
    if (name !== '' && !byKey.has(name.toLowerCase())) byKey.set(name.toLowerCase(), name);
  }
  return { enabled: list.enabled, groups: [...byKey.values()] };
}

/** What is wrong with tidied settings: an enabled list that is empty would shut everybody out, or nobody. */
export function groupSettingsFaults(settings: GroupSettings): FieldFault[] {
  return GROUP_LISTS.filter((name) => settings[name].enabled && settings[name].groups.length === 0).map(
    (name) => ({
      field: `${name}.groups`,
      message: 'must name at least one group while it is enabled',
    }),
  );
}

/** Stored settings as the hot path reads them. */
export function compileGroupSettings(settings: GroupSettings): GroupRestrictions {
  return {
    apiAccess: compileList(settings.apiAccess),
    readOnly: compileList(settings.readOnly),
    tokenCreation: compileList(settings.tokenCreation),
    mode: settings.mode,
  };
}

function compileList(list: GroupListSetting): GroupRule {
  return { ...list, groupKeys: new Set(list.groups.map((group) => group.toLowerCase())) };
}

/**
 * The groups that a save gives an effect: named for the first time, or of a list that is switched on or enforced
 * by it. A typing error in them shuts people out from now on.
 */
export function newGroups(before: GroupSettings, after: GroupSettings): string[] {
  const keyOf = (group: string): string => group.toLowerCase();
  const known = new Set(GROUP_LISTS.flatMap((name) => before[name].groups.map(keyOf)));
  const enforced = before.mode === 'report' && after.mode === 'enforce';
  const added = new Map<string, string>();
  for (const name of GROUP_LISTS) {
    const { enabled, groups } = after[name];
    const takesEffect = enabled && (enforced || !before[name].enabled);
    for (const group of groups) {
      if (takesEffect || !known.has(keyOf(group))) added.set(keyOf(group), group);
    }
  }
  return [...added.values()];
}
