import type { DataSource, EntityManager } from 'typeorm';
import {
  DEFAULT_GLOBAL_SETTINGS,
  GLOBAL_SETTINGS,
} from '../../modules/global-settings/global-settings.port.js';
import { DEFAULT_IP_SETTINGS, IP_SETTINGS_KEY } from '../../modules/restrictions/ip-settings.policy.js';
import { IP_RESTRICTIONS } from '../../modules/restrictions/restrictions.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { SettingsStore } from '../../platform/settings/settings-store.service.js';
import { auditedChanges, OPERATOR } from '../audited-changes.js';

interface Replacement<T extends object> {
  readonly key: string;
  readonly topic: string;
  readonly fallback: T;
  readonly changes: Partial<T>;
}

/** What `reset-access` changed, in words for the operator. */
export type ResetReport = readonly string[];

/**
 * Break-glass: nobody is an admin or auditor by group any more but the given admin groups, and the address list
 * only reports. Lists are kept; browser sessions end. Every change is a version and an event in the audit log.
 */
export async function resetAccess(
  dataSource: DataSource,
  adminGroups: readonly string[],
): Promise<ResetReport> {
  const changeFeed = auditedChanges(dataSource);
  const store = new SettingsStore(dataSource);
  await replace(changeFeed, store, {
    key: GLOBAL_SETTINGS.topic,
    topic: GLOBAL_SETTINGS.topic,
    fallback: DEFAULT_GLOBAL_SETTINGS,
    changes: { adminGroups, auditorGroups: [] },
  });
  await replace(changeFeed, store, {
    key: IP_SETTINGS_KEY,
    topic: IP_RESTRICTIONS.topic,
    fallback: DEFAULT_IP_SETTINGS,
    changes: { mode: 'report' },
  });
  const sessions = await endSessions(changeFeed);
  return [
    adminGroups.length === 0
      ? 'Nobody is an admin by group any more.'
      : `Admins by group are the members of ${adminGroups.join(', ')} only.`,
    'Nobody is an auditor by group any more.',
    'The IP restrictions only report; the list is kept.',
    `Browser sessions ended: ${sessions}.`,
  ];
}

function endSessions(changeFeed: ChangeFeedPort): Promise<number> {
  return changeFeed.change(
    async (manager) => {
      const [, ended] = await manager.query<[unknown, number]>('DELETE FROM browser_sessions');
      return ended;
    },
    (ended) => ({ topic: 'sessions', by: OPERATOR, target: 'sessions', after: { ended } }),
  );
}

async function replace<T extends object>(
  changeFeed: ChangeFeedPort,
  store: SettingsStore,
  { key, topic, fallback, changes }: Replacement<T>,
): Promise<void> {
  await changeFeed.change(
    async (manager: EntityManager) => {
      const stored = await store.read<T>(key, fallback, manager);
      const before = { ...fallback, ...stored.value };
      const after = { ...before, ...changes };
      await store.write(manager, key, after, OPERATOR, undefined);
      return { before, after };
    },
    ({ before, after }) => ({ topic, by: OPERATOR, target: key, before, after }),
  );
}
