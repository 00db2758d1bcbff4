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
import type { AuditSettings, WebhookSink as WebhookSettings } from '../audit-settings.port.js';
import { eventView } from '../audit-view.policy.js';
import { SinkFeeder } from './sink-feeder.service.js';
import type { AuditSink } from './sink.port.js';
import { StdoutSink } from './stdout-sink.service.js';
import { SyslogSink } from './syslog-sink.service.js';
import { WebhookSink } from './webhook-sink.service.js';

const SHUTDOWN_MS = 2000;

interface WantedSink {
  /** All that the sink depends on, as text: the same text, the same sink. */
  readonly settings: string;
  readonly make: () => AuditSink;
}

interface FedSink {
  readonly settings: string;
  readonly feeder: SinkFeeder;
}

/** Streams events to the sinks of the settings. None of them can hold up another, or the log. */
@Injectable()
export class AuditSinks implements OnApplicationShutdown {
  private feeders: readonly FedSink[] = [];

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
    return this.feeders.map(({ feeder }) => feeder);
  }

  push(rows: readonly AuditRow[]): void {
    if (this.feeders.length === 0) return;
    const events = rows.map(eventView);
    for (const { feeder } of this.feeders) feeder.push(events);
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.feeders.map(({ feeder }) => feeder.stop(SHUTDOWN_MS)));
  }

  /**
   * A sink whose settings stay is not touched. One that is set up anew, perhaps because it could not be reached,
   * gets what its predecessor did not take.
   */
  private apply(): void {
    const before = this.feeders;
    const wanted = this.wantedSinks(AUDIT_SETTINGS.of(this.changeFeed.current).sinks);
    const gone = before.filter(({ settings }) => !wanted.some((sink) => sink.settings === settings));
    this.feeders = wanted.map(({ settings, make }) => {
      const same = before.find((sink) => sink.settings === settings);
      return same ?? { settings, feeder: new SinkFeeder(make(), { log: this.log }) };
    });
    for (const { feeder } of gone) {
      const left = feeder.end();
      this.feeders.find((sink) => sink.feeder.name === feeder.name)?.feeder.push(left);
    }
  }

  private wantedSinks({ stdout, webhook, syslog }: AuditSettings['sinks']): readonly WantedSink[] {
    const sinks: WantedSink[] = [];
    if (stdout) sinks.push({ settings: 'stdout', make: () => new StdoutSink() });
    if (webhook) {
      const make = (): AuditSink => new WebhookSink(webhook.url, this.secretOf(webhook), this.clock);
      sinks.push({ settings: `webhook ${JSON.stringify(webhook)}`, make });
    }
    if (syslog)
      sinks.push({ settings: `syslog ${JSON.stringify(syslog)}`, make: () => new SyslogSink(syslog) });
    return sinks;
  }

  private secretOf({ sealedSecret }: WebhookSettings): string | undefined {
    return sealedSecret && this.box.open(sealedSecret, WEBHOOK_SECRET_PURPOSE);
  }
}
