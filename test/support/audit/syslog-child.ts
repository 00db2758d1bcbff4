/**
 * A syslog sink over TLS in a process of its own, because a process reads NODE_EXTRA_CA_CERTS only when it starts.
 * Delivers one event for each line on stdin, its text as request id; prints `delivered N` and every complaint.
 * Usage: tsx syslog-child.ts <host> <port>
 */
import { createInterface } from 'node:readline';
import { toRow } from '../../../src/modules/audit/audit-row.policy.js';
import { eventView } from '../../../src/modules/audit/audit-view.policy.js';
import { SinkFeeder } from '../../../src/modules/audit/sinks/sink-feeder.service.js';
import { SyslogSink } from '../../../src/modules/audit/sinks/syslog-sink.service.js';
import { auditEvent } from '../../factories/audit-event.js';

const [, , host = '', port = ''] = process.argv;

const log = {
  warn: ({ err }: { err?: unknown }): boolean =>
    process.stdout.write(`failed ${(err as { code?: string }).code ?? String(err)}\n`),
};
const sink = new SyslogSink({ host, port: Number(port), protocol: 'tls', facility: 16 });
const feeder = new SinkFeeder(sink, { log, firstWaitMs: 20, longestWaitMs: 100 });
let told = 0;
setInterval(() => {
  if (feeder.delivered !== told) process.stdout.write(`delivered ${(told = feeder.delivered)}\n`);
}, 10);

const lines = createInterface({ input: process.stdin });
lines.on('line', (requestId) => feeder.push([eventView(toRow(auditEvent({ requestId })))]));
lines.on('close', () => process.exit(0));
