import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { ChangeFeedModule } from './change-feed/change-feed.module.js';
import { CONFIG } from './config/config.js';
import type { Config } from './config/config.js';
import { SECRET_BOX, SecretBox } from './crypto/secret-box.js';
import { DatabaseModule } from './database/database.module.js';
import { LOGGER } from './logging/logger.js';
import type { Logger } from './logging/logger.js';
import { METRICS, createMetrics } from './metrics/metrics.js';
import { ScheduleModule } from './schedule/schedule.module.js';
import { SettingsModule } from './settings/settings.module.js';
import { Tracing } from './tracing/tracing.service.js';

/** What every feature may inject: configuration, log, metrics, tracing, encryption, database, settings, change feed. */
@Module({})
export class PlatformModule {
  static forRoot(config: Config, databaseUrl: string, logger: Logger): DynamicModule {
    return {
      module: PlatformModule,
      global: true,
      imports: [
        DatabaseModule.forRoot({ url: databaseUrl }),
        ChangeFeedModule,
        SettingsModule,
        ScheduleModule,
      ],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: LOGGER, useValue: logger },
        { provide: METRICS, useFactory: createMetrics },
        { provide: SECRET_BOX, useFactory: () => new SecretBox(config.encryptionKeys) },
        Tracing,
      ],
      exports: [CONFIG, LOGGER, METRICS, SECRET_BOX, Tracing],
    };
  }
}
