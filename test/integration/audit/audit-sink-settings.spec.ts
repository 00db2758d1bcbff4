import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { SYSTEM_CLOCK } from '../../../src/lib/clock.js';
import { toRow } from '../../../src/modules/audit/audit-row.policy.js';
import { AUDIT_SETTINGS, DEFAULT_AUDIT_SETTINGS } from '../../../src/modules/audit/audit-settings.port.js';
import type { AuditSettings } from '../../../src/modules/audit/audit-settings.port.js';
import { AuditSinks } from '../../../src/modules/audit/sinks/audit-sinks.service.js';
import type { ChangeFeedPort } from '../../../src/platform/change-feed/change-feed.port.js';
import { initialSnapshot } from '../../../src/platform/change-feed/snapshot.js';
import { SecretBox } from '../../../src/platform/crypto/secret-box.js';
import { auditEvent } from '../../factories/audit-event.js';

const NOWHERE = { url: 'http://127.0.0.1:9/' };

describe('when the sinks of the audit log are changed', () => {
  let server: Server;
  let received: string[];
  let sinks: AuditSinks;
  let save: (change: Partial<AuditSettings['sinks']>) => void;

  beforeEach(async () => {
    received = [];
    server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        const { events } = JSON.parse(text) as { events: { requestId: string }[] };
        received.push(...events.map(({ requestId }) => requestId));
        response.writeHead(204).end();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    let snapshot = initialSnapshot();
    let reload = (): void => undefined;
    const feed = {
      get current() {
        return snapshot;
      },
      onReload: (_topic: string, listener: () => void) => (reload = listener),
    };
    save = (change) => {
      const stored = AUDIT_SETTINGS.of(snapshot).sinks;
      snapshot = AUDIT_SETTINGS.replaceIn(snapshot, {
        ...DEFAULT_AUDIT_SETTINGS,
        sinks: { ...stored, ...change },
      });
      reload();
    };
    const box = new SecretBox([Buffer.alloc(32, 7)]);
    const log = pino({ level: 'silent' });
    sinks = new AuditSinks(feed as unknown as ChangeFeedPort, box, SYSTEM_CLOCK, log);
  });

  afterEach(async () => {
    save({ webhook: null, syslog: null });
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  const push = (...requestIds: string[]): void =>
    sinks.push(requestIds.map((requestId) => toRow(auditEvent({ requestId }))));
  const waiting = (): Record<string, number> =>
    Object.fromEntries(sinks.states.map(({ name, waiting: count }) => [name, count]));

  it('a webhook that could not be reached gets at its new address what waited', async () => {
    save({ webhook: NOWHERE });
    push('one', 'two');
    save({ webhook: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` } });
    push('three');
    const end = Date.now() + 10_000;
    while (received.length < 3 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(received).toEqual(['one', 'two', 'three']);
  });

  it('the other sinks keep what waits for them', () => {
    save({ webhook: NOWHERE });
    push('one', 'two');
    save({ syslog: { host: '127.0.0.1', port: 9, protocol: 'tcp', facility: 16 } });
    push('three');
    expect(waiting()).toEqual({ webhook: 3, syslog: 1 });
    save({ syslog: null });
    expect(waiting()).toEqual({ webhook: 3 });
  });
});
