import { Module } from '@nestjs/common';
import { CLOCK, SYSTEM_CLOCK } from '../../lib/clock.js';
import { ScheduleModule } from '../../platform/schedule/schedule.module.js';
import { AuditChanges } from './audit-changes.service.js';
import { AuditEventsController } from './audit-events.controller.js';
import { AuditEventsRepository } from './audit-events.repository.js';
import { AuditExport } from './audit-export.service.js';
import { AuditHealth } from './audit-health.service.js';
import { AuditMaintenance } from './audit-maintenance.service.js';
import { AuditMetrics } from './audit-metrics.service.js';
import { AuditPartitionsRepository } from './audit-partitions.repository.js';
import { AuditPrune } from './audit-prune.service.js';
import { AuditQueries } from './audit-queries.service.js';
import { AuditRollupRepository } from './audit-rollup.repository.js';
import { AuditRollups } from './audit-rollup.service.js';
import { AuditSchedule } from './audit-schedule.service.js';
import { AuditSealsRepository } from './audit-seals.repository.js';
import { AuditSettingsController } from './audit-settings.controller.js';
import { AuditSettingsService } from './audit-settings.service.js';
import { AuditStatisticsController } from './audit-statistics.controller.js';
import { AuditStatistics } from './audit-statistics.service.js';
import { AuditStreams } from './audit-streams.service.js';
import { AuditVerify } from './audit-verify.service.js';
import { AUDIT, AUDIT_QUERIES } from './audit.port.js';
import { AuditService } from './audit.service.js';
import { PruneRunsRepository } from './prune-runs.repository.js';
import { PruneRuns } from './prune-runs.service.js';
import { AuditSinks } from './sinks/audit-sinks.service.js';
import { AuditSettingsConfiguration } from './audit-settings-configuration.service.js';

/** The audit log: taking, keeping, reading, pruning and streaming events. */
@Module({
  imports: [ScheduleModule],
  controllers: [AuditEventsController, AuditSettingsController, AuditStatisticsController],
  providers: [
    AuditSettingsConfiguration,
    { provide: CLOCK, useValue: SYSTEM_CLOCK },
    AuditService,
    { provide: AUDIT, useExisting: AuditService },
    AuditQueries,
    { provide: AUDIT_QUERIES, useExisting: AuditQueries },
    AuditSettingsService,
    AuditChanges,
    AuditStreams,
    AuditSinks,
    AuditMetrics,
    AuditHealth,
    AuditEventsRepository,
    AuditExport,
    AuditStatistics,
    AuditPartitionsRepository,
    AuditSealsRepository,
    AuditMaintenance,
    AuditRollupRepository,
    AuditRollups,
    AuditPrune,
    PruneRuns,
    PruneRunsRepository,
    AuditSchedule,
    AuditVerify,
  ],
  exports: [AUDIT, AUDIT_QUERIES, AuditVerify],
})
export class AuditModule {}
