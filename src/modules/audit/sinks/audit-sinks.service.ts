import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationShutdown } from '@nestjs/common';
import { CLOCK } from '../../../lib/clock.js';
import type { Clock } from '../../../lib/clock.js';
import { CHANGE_FEED } from '../../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../../platform/change-feed/change-feed.port.js';
import { SECRET_BOX } from '../../../platform/crypto/secret-box.js';
import type { SecretBox } from '../../../platform/crypto/secret-box.js';
import { LOGGER } from '../../../platform/logging/logger.js';
import type { Logger } from '../../../platform/logging/logger.js';
import type { AuditRow } from '../audit-row.policy.js';
import { AUDIT_SETTINGS, WEBHOOK_SECRET_PURPOSE } from '../audit-settings.port.js';
import type { AuditSettings } from '../audit-settings.port.js';
import { eventView } from '../audit-view.policy.js';
import { SinkFeeder } from './sink-feeder.service.js';
import type { AuditSink } from './sink.port.js';
import { StdoutSink } from './stdout-sink.service.js';
import { SyslogSink } from './syslog-sink.service.js';
import { WebhookSink } from './webhook-sink.service.js';

const SHUTDOWN_MS = 2000;

/** Streams events to the sinks of the settings. None of them can hold up another, or the log. */
@Injectable()
export class AuditSinks implements OnApplicationShutdown {
  private feeders: SinkFeeder[] = [];
  private inForce = '';

  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(SECRET_BOX) private readonly box: SecretBox,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly log: Logger,
  ) {
    changeFeed.onReload(AUDIT_SETTINGS.topic, () => this.apply());
  }

  /** How each sink does, for metrics. */
  get states(): readonly Pick<SinkFeeder, 'name' | 'delivered' | 'dropped' | 'waiting'>[] {
    return this.feeders;
  }

  push(rows: readonly AuditRow[]): void {
    if (this.feeders.length === 0) return;
    const events = rows.map(eventView);
    for (const feeder of this.feeders) feeder.push(events);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.feeders.map((feeder) => feeder.stop(SHUTDOWN_MS)));
  }

  private apply(): void {
    const { sinks } = AUDIT_SETTINGS.of(this.changeFeed.current);
    const wanted = JSON.stringify(sinks);
    if (wanted === this.inForce) return;
    this.inForce = wanted;
    for (const feeder of this.feeders) void feeder.stop(0);
    this.feeders = this.sinksOf(sinks).map((sink) => new SinkFeeder(sink, { log: this.log }));
  }

  private sinksOf({ stdout, webhook, syslog }: AuditSettings['sinks']): AuditSink[] {
    const sinks: AuditSink[] = [];
    if (stdout) sinks.push(new StdoutSink());
    if (webhook) {
      const secret = webhook.sealedSecret && this.box.open(webhook.sealedSecret, WEBHOOK_SECRET_PURPOSE);
      sinks.push(new WebhookSink(webhook.url, secret, this.clock));
    }
    if (syslog) sinks.push(new SyslogSink(syslog));
    return sinks;
  }
}
