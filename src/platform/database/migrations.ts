import type { MigrationInterface } from 'typeorm';
import { Settings1763700000000 } from '../../../migrations/1763700000000-Settings.js';
import { Providers1763700100000 } from '../../../migrations/1763700100000-Providers.js';
import { Applications1763700200000 } from '../../../migrations/1763700200000-Applications.js';
import { ApiTokens1763700300000 } from '../../../migrations/1763700300000-ApiTokens.js';
import { Audit1763700400000 } from '../../../migrations/1763700400000-Audit.js';
import { BrowserSessions1763700500000 } from '../../../migrations/1763700500000-BrowserSessions.js';
import { AuditSearch1763700600006 } from '../../../migrations/1763700600006-AuditSearch.js';
import { StoredPatState1763800000003 } from '../../../migrations/1763800000003-StoredPatState.js';
import { AuditStatistics1763800100000 } from '../../../migrations/1763800100000-AuditStatistics.js';
import { AuditGroups1763900000000 } from '../../../migrations/1763900000000-AuditGroups.js';

/** Every migration of the product, oldest first. A feature adds its own with one import and one line. */
export const migrations: (new () => MigrationInterface)[] = [
  Settings1763700000000,
  Providers1763700100000,
  Applications1763700200000,
  ApiTokens1763700300000,
  Audit1763700400000,
  BrowserSessions1763700500000,
  AuditSearch1763700600006,
  StoredPatState1763800000003,
  AuditStatistics1763800100000,
  AuditGroups1763900000000,
];
