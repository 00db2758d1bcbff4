import { Inject, Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import { METRICS } from '../../platform/metrics/metrics.js';
import { AuditService } from './audit.service.js';
import { AuditSinks } from './sinks/audit-sinks.service.js';

/** Tells Prometheus how the audit log does. The figures are read when they are asked for. */
@Injectable()
export class AuditMetrics implements OnModuleInit {
  constructor(
    @Inject(METRICS) private readonly registry: Registry,
    private readonly audit: AuditService,
    private readonly sinks: AuditSinks,
  ) {}

  onModuleInit(): void {
    const { audit, sinks } = this;
    const registers = [this.registry];
    new Gauge({
      name: 'restgate_audit_queue_length',
      help: 'Audit events in memory that are not on disk yet.',
      registers,
      collect() {
        this.set(audit.status().queueLength);
      },
    });
    new Gauge({
      name: 'restgate_audit_spill_bytes',
      help: 'Bytes of audit events on disk that are not in the database yet.',
      registers,
      collect() {
        this.set(audit.status().spillBytes);
      },
    });
    this.total(
      'restgate_audit_written_total',
      'Audit events written to the database.',
      () => audit.status().written,
    );
    this.total('restgate_audit_dropped_total', 'Audit events that were lost.', () => audit.status().dropped);
    new Gauge({
      name: 'restgate_audit_sink_waiting',
      help: 'Audit events that wait for a sink.',
      labelNames: ['sink'],
      registers,
      collect() {
        this.reset();
        for (const { name, waiting } of sinks.states) this.set({ sink: name }, waiting);
      },
    });
    new Gauge({
      name: 'restgate_audit_sink_dropped',
      help: 'Audit events that a sink did not get, since its settings changed.',
      labelNames: ['sink'],
      registers,
      collect() {
        this.reset();
        for (const { name, dropped } of sinks.states) this.set({ sink: name }, dropped);
      },
    });
  }

  /** A counter that follows a figure which is counted elsewhere. */
  private total(name: string, help: string, read: () => number): void {
    let seen = 0;
    new Counter({
      name,
      help,
      registers: [this.registry],
      collect() {
        const now = read();
        this.inc(now - seen);
        seen = now;
      },
    });
  }
}
