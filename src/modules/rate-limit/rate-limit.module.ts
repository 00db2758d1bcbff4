import { Module } from '@nestjs/common';
import { ThrottlerStorage } from '@nestjs/throttler';
import type { Registry } from 'prom-client';
import { CONFIG } from '../../platform/config/config.js';
import type { Config } from '../../platform/config/config.js';
import { LOGGER } from '../../platform/logging/logger.js';
import type { Logger } from '../../platform/logging/logger.js';
import { METRICS } from '../../platform/metrics/metrics.js';
import { HEALTH } from '../health/health.port.js';
import type { HealthPort } from '../health/health.port.js';
import { FailedAuthentications } from './failed-authentications.service.js';
import { InProcessStorage } from './in-process-storage.service.js';
import { RateLimitConfiguration } from './rate-limit-configuration.service.js';
import { RateLimitController } from './rate-limit.controller.js';
import { RateLimitGuard } from './rate-limit.guard.js';
import { RateLimitMetrics } from './rate-limit-metrics.service.js';
import { FAILED_AUTHENTICATIONS } from './rate-limit.port.js';
import { RateLimitSettingsService } from './rate-limit-settings.service.js';
import { RATE_LIMIT_STORAGE } from './rate-limit-storage.port.js';
import type { RateLimitStorage } from './rate-limit-storage.port.js';
import { RateLimitUsage } from './rate-limit-usage.service.js';
import { SharedStorage } from './shared-storage.service.js';

/** Redis when it is configured, else this process. */
function createStorage(config: Config, log: Logger, health: HealthPort, metrics: Registry): RateLimitStorage {
  if (config.redisUrl === undefined) return new InProcessStorage();
  return new SharedStorage(config.redisUrl, log, health, metrics);
}

@Module({
  controllers: [RateLimitController],
  providers: [
    { provide: RATE_LIMIT_STORAGE, useFactory: createStorage, inject: [CONFIG, LOGGER, HEALTH, METRICS] },
    { provide: ThrottlerStorage, useExisting: RATE_LIMIT_STORAGE },
    RateLimitSettingsService,
    RateLimitConfiguration,
    RateLimitMetrics,
    RateLimitUsage,
    RateLimitGuard,
    FailedAuthentications,
    { provide: FAILED_AUTHENTICATIONS, useExisting: FailedAuthentications },
  ],
  exports: [RateLimitGuard, FAILED_AUTHENTICATIONS, RATE_LIMIT_STORAGE, ThrottlerStorage],
})
export class RateLimitModule {}
