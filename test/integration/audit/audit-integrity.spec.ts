import { DataSource } from 'typeorm';
import { AuditMaintenance } from '../../../src/modules/audit/audit-maintenance.service.js';
import { AuditVerify } from '../../../src/modules/audit/audit-verify.service.js';
import { CHAIN_START, groupHash } from '../../../src/modules/audit/audit-group.policy.js';
import { restoreRow } from '../../../src/modules/audit/audit-view.policy.js';
import type { StoredRow } from '../../../src/modules/audit/audit-view.policy.js';
import { auditEvent } from '../../factories/audit-event.js';
import { startAuditApp } from '../../support/audit/audit-app.js';
import type { AuditApp } from '../../support/audit/audit-app.js';
import { createTestDatabase } from '../../support/database.js';
import type { TestDatabase } from '../../support/database.js';

const DAY = 86_400_000;

describe('the hash chain of the audit log', () => {
  let database: TestDatabase;
  let audit: AuditApp;
  let sql: DataSource;

  beforeEach(async () => {
    database = await createTestDatabase();
    audit = await startAuditApp(database.url);
    sql = audit.app.get(DataSource);
    const now = Date.now();
    // Noon: days are sealed a while after midnight only.
    audit.clock.offsetMs = now - (now % DAY) + DAY / 2 - now;
    // Ten of each day, one day after the other: each day is a group.
    for (const n of Array.from({ length: 30 }, (_unused, at) => (at % 10) * 3 + Math.floor(at / 10))) {
      const time = now - (n % 3) * DAY;
      const admin = { category: 'admin', target: 'tokens/x', before: { b: 1, a: [2] }, after: null } as const;
      audit.audit.record(
        auditEvent({ time, requestId: `n-${n}`, user: 'Jürgen', ...(n === 7 ? admin : {}) }),
      );
    }
    await audit.audit.flush();
    await audit.call('PUT', '/audit/settings', { retention: { days: 365 } });
    await audit.app.get(AuditMaintenance).run();
  });

  afterEach(async () => {
    await audit.close();
    await database.drop();
  });

  async function faults(): Promise<string[]> {
    const report = await audit.app.get(AuditVerify).verify(audit.clock.now());
    return report.faults.map(({ seq, fault }) => (seq === undefined ? fault : `${seq}: ${fault}`));
  }

  it('is whole when nobody touched it, also after another start', async () => {
    expect(await faults()).toEqual([]);
    const { rows, days, chains } = await audit.app.get(AuditVerify).verify(Date.now());
    expect([rows, days, chains]).toEqual([31, 3, 4]);
  });

  it.each([
    [
      'a changed field',
      `UPDATE audit_events SET username = 'mallory' WHERE request_id = 'n-15'`,
      '1: a row from here to number 10 is not as it was written',
    ],
    ['a removed row', `DELETE FROM audit_events WHERE request_id = 'n-15'`, '6: rows are missing'],
    ['a removed end', `DELETE FROM audit_events WHERE request_id = 'n-27'`, '10: rows are missing'],
    [
      'a removed end that the head was adapted to',
      `WITH gone AS (DELETE FROM audit_events WHERE request_id = 'n-28' RETURNING chain, seq)
       UPDATE audit_chains SET seq = 9, rows = 9
        WHERE chain = (SELECT chain FROM gone)`,
      'the day is not as it was sealed',
    ],
    [
      'an added row',
      `INSERT INTO audit_events (id, time, request_id, category, decision, chain, seq, hash)
       SELECT gen_random_uuid(), time, 'forged', 'request', 'forwarded', chain || '-x', 1, 'x' FROM audit_events WHERE request_id = 'n-1'`,
      'the chain is not known',
    ],
    [
      'a removed day',
      `WITH gone AS (DELETE FROM audit_events WHERE time < now() - interval '40 hours' RETURNING chain)
       DELETE FROM audit_chains WHERE chain IN (SELECT chain FROM gone)`,
      'the day is not as it was sealed',
    ],
    ['a removed seal', `DELETE FROM audit_seals WHERE id = (SELECT min(id) FROM audit_seals)`, 'is missing'],
    [
      'a forged seal',
      `UPDATE audit_seals SET content = replace(content, '"seq":10', '"seq":11')`,
      'is not genuine',
    ],
  ])('tells of %s', async (_name, tampering, expected) => {
    await sql.query(tampering);
    expect((await faults()).some((fault) => fault.includes(expected))).toBe(true);
  });

  /** Writes the chain of a row anew from that row on, as someone would who knows how it is made. */
  async function rewriteChain(requestId: string, user: string): Promise<void> {
    await sql.query('UPDATE audit_events SET username = $2 WHERE request_id = $1', [requestId, user]);
    const [found] = await sql.query<{ chain: string }[]>(
      'SELECT chain FROM audit_events WHERE request_id = $1',
      [requestId],
    );
    const chain = found?.chain;
    const stored = await sql.query<StoredRow[]>('SELECT * FROM audit_events WHERE chain = $1 ORDER BY seq', [
      chain,
    ]);
    const rows = stored.map(restoreRow);
    const hash = groupHash({ chain: chain as string, first: 1, previous: CHAIN_START, rows });
    await sql.query('UPDATE audit_events SET hash = $2 WHERE chain = $1 AND hash IS NOT NULL', [chain, hash]);
    await sql.query('UPDATE audit_chains SET hash = $2 WHERE chain = $1', [chain, hash]);
  }

  it('tells of a chain that was written anew, also when the upkeep has sealed it again since', async () => {
    await rewriteChain('n-16', 'mallory');
    expect(await faults()).toContain('10: the row or one before it is not as it was sealed');
    await audit.app.get(AuditMaintenance).run();
    expect(await faults()).toEqual(['10: the row or one before it is not as it was sealed']);
  });

  it('tells of a chain that was removed with its head, also when the upkeep has sealed the day again since', async () => {
    const day = `(now() AT TIME ZONE 'UTC')::date - 1`;
    await sql.query(
      `DELETE FROM audit_events WHERE chain IN (SELECT chain FROM audit_chains WHERE day = ${day})`,
    );
    await sql.query(`DELETE FROM audit_chains WHERE day = ${day}`);
    const another = await startAuditApp(database.url);
    another.audit.record(auditEvent({ time: Date.now() - DAY }));
    await another.audit.flush();
    await another.close();
    await audit.app.get(AuditMaintenance).run();
    expect(await faults()).toContain('the chain was sealed and is missing');
  });

  it('is whole when events come late to a day that is sealed', async () => {
    for (let n = 0; n < 3; n++) audit.audit.record(auditEvent({ time: Date.now() - DAY }));
    await audit.audit.flush();
    await audit.app.get(AuditMaintenance).run();
    expect(await faults()).toEqual([]);
  });

  it('is whole while events are written and old ones are deleted', async () => {
    await audit.call('PUT', '/audit/settings', { retention: { days: null, entries: 300 } });
    let running = true;
    const traffic = (async () => {
      while (running) {
        for (let count = 0; count < 200; count++) audit.audit.record(auditEvent());
        await audit.audit.flush();
        await audit.call('POST', '/audit/prune');
      }
    })();
    const found: string[] = [];
    for (let round = 0; round < 10; round++) found.push(...(await faults()));
    running = false;
    await traffic;
    expect(found).toEqual([]);
  });

  it('names the first row that is missing, and how many are', async () => {
    await sql.query(`DELETE FROM audit_events WHERE request_id IN ('n-9', 'n-12', 'n-27')`);
    expect(await faults()).toEqual(['4: rows are missing: 3 in all, the last is number 10']);
  });

  it('names the first broken link with its first event', async () => {
    await sql.query(`UPDATE audit_events SET status = 204 WHERE request_id IN ('n-9', 'n-18')`);
    const { faults: found } = await audit.app.get(AuditVerify).verify(Date.now());
    const events = await sql.query<{ id: string }[]>(`SELECT id FROM audit_events WHERE request_id = 'n-0'`);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ seq: 1, eventId: events[0]?.id });
  });

  it('is whole when retention by number cuts through groups, at every place', async () => {
    for (const entries of [28, 27, 23, 20, 14, 6, 5, 2]) {
      await audit.call('PUT', '/audit/settings', { retention: { days: null, entries } });
      const { json } = await audit.call('POST', '/audit/prune');
      expect([json.complete, json.deleted > 0]).toEqual([true, true]);
      expect(await faults()).toEqual([]);
    }
  });

  it('is whole with groups of every size, each in one row of its chain', async () => {
    for (const count of [1, 2, 999, 1000, 1001, 2500]) {
      for (let n = 0; n < count; n++)
        audit.audit.record(auditEvent({ durationMs: n / 7, path: `/p/${n % 90}` }));
      await audit.audit.flush();
    }
    const { rows, faults: found } = await audit.app.get(AuditVerify).verify(Date.now());
    expect(found).toEqual([]);
    expect(rows).toBeGreaterThan(5500);
    const [ends] = await sql.query<{ ends: number }[]>('SELECT count(hash)::int AS ends FROM audit_events');
    expect(ends?.ends).toBeLessThan(50);
  });
});

describe('an audited request', () => {
  it('A-13 leaves exactly one event with rule, settings version, token id, user, addresses and durations', async () => {
    const database = await createTestDatabase();
    const audit = await startAuditApp(database.url);
    const events = [
      auditEvent({ requestId: 'allowed' }),
      auditEvent({ requestId: 'refused', decision: 'denied', reason: 'ip_not_allowed', status: 403 }),
    ];
    for (const event of events) audit.audit.record(event);
    await audit.audit.flush();
    for (const event of events) {
      const { json } = await audit.call('GET', `/audit/events?requestId=${event.requestId}`);
      expect(json.items).toHaveLength(1);
      expect(json.items[0]).toMatchObject({
        reason: event.reason ?? null,
        configVersion: 3,
        user: 'alice',
        credential: { kind: 'api-token', id: event.credentialId },
        clientIp: '203.0.113.7',
        peerIp: '10.0.0.1',
        durationMs: 12.346,
      });
    }
    await audit.close();
    await database.drop();
  });
});
