import pg from 'pg';
import type { AuditEvent } from '../../../src/modules/audit/audit.port.js';
import type { AuditCursor } from '../../../src/modules/audit/audit-cursor.policy.js';
import { AuditEventsRepository } from '../../../src/modules/audit/audit-events.repository.js';
import { auditEvent } from '../../factories/audit-event.js';
import { startAuditApp } from '../../support/audit/audit-app.js';
import type { AuditApp } from '../../support/audit/audit-app.js';
import { createTestDatabase } from '../../support/database.js';
import type { TestDatabase } from '../../support/database.js';

const MINUTE = 60_000;
const NO_TIME = 0;

describe('a search of the audit log that would take long', () => {
  let database: TestDatabase;
  let audit: AuditApp;
  let events: AuditEventsRepository;
  let kept: AuditEvent[];

  beforeAll(async () => {
    database = await createTestDatabase();
    audit = await startAuditApp(database.url);
    events = audit.app.get(AuditEventsRepository);
    kept = [0, 1, 9, 11, 65, 66, 67, 200].map((age) =>
      auditEvent({ time: Date.now() - age * MINUTE, path: `/rest/api/2/rare/${age}` }),
    );
    for (const event of [...kept, auditEvent({ time: Date.now() - 300 * MINUTE, path: '/other' })])
      audit.audit.record(event);
    await audit.audit.flush();
  });

  afterAll(async () => {
    await audit.close();
    await database.drop();
  });

  it('answers what it found so far, and goes on where it stopped, without a gap or a repeat', async () => {
    const seen: string[] = [];
    const cuts: string[] = [];
    let cursor: AuditCursor | undefined;
    do {
      const page = await events.search({ path: 'rare' }, cursor, 3, NO_TIME);
      seen.push(...page.rows.map(({ id }) => id));
      if (page.searchedTo !== undefined) cuts.push(page.searchedTo);
      cursor = page.next;
    } while (cursor !== undefined);
    expect(seen).toEqual(kept.map(({ id }) => id));
    expect(cuts.length).toBeGreaterThan(3);
    expect([...cuts].sort().reverse()).toEqual(cuts);
  });

  it('says how far back it came, and an empty page is not the end', async () => {
    const page = await events.search({ path: 'rare/200' }, undefined, 3, NO_TIME);
    expect(page.rows).toEqual([]);
    expect(Date.parse(page.searchedTo ?? '')).toBeLessThanOrEqual(Date.now() - 10 * MINUTE);
    expect(page.next).toBeDefined();
  });

  it('ends where the given time begins', async () => {
    const from = new Date(Date.now() - 30 * MINUTE).toISOString();
    let pages = 0;
    let cursor: AuditCursor | undefined;
    do {
      const page = await events.search({ path: 'rare/200', from }, cursor, 3, NO_TIME);
      cursor = page.next;
      pages += 1;
    } while (cursor !== undefined);
    expect(pages).toBeLessThanOrEqual(4);
  });

  it('is whole at once when there is time enough', async () => {
    const { json } = await audit.call('GET', '/audit/events?path=rare');
    expect(json.items.map(({ id }: { id: string }) => id)).toEqual(kept.map(({ id }) => id));
    expect([json.nextCursor, json.searchedTo]).toEqual([null, null]);
  });

  it('has no searchedTo when the page is full', async () => {
    const { json } = await audit.call('GET', '/audit/events?path=rare&limit=2');
    expect(json.items).toHaveLength(2);
    expect(json.nextCursor).toEqual(expect.any(String));
    expect(json.searchedTo).toBeNull();
  });

  it('tries a shorter time when a statement takes too long, and is no error', async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('BEGIN; LOCK TABLE audit_events IN ACCESS EXCLUSIVE MODE');
    const searching = events.search({ path: 'rare' }, undefined, 50, NO_TIME);
    await new Promise((resolve) => setTimeout(resolve, 400));
    await client.query('COMMIT');
    await client.end();
    const page = await searching;
    expect(page.rows.map(({ id }) => id)).toEqual(kept.slice(0, page.rows.length).map(({ id }) => id));
    expect(page.searchedTo).toBeDefined();
    // The ten minutes that were given up, by eight.
    expect(Date.parse(page.searchedTo ?? '')).toBeGreaterThan(Date.now() - 2 * MINUTE);
  });

  it('exports all of it', async () => {
    const { text } = await audit.call('GET', '/audit/events/export?format=ndjson&path=rare');
    const lines = text.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { id: string }).id)).toEqual(kept.map(({ id }) => id));
  });
});
