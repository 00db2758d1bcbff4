import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { v7 as uuid } from 'uuid';
import { CHANGE_FEED } from '../../platform/change-feed/change-feed.port.js';
import type { ChangeFeedPort } from '../../platform/change-feed/change-feed.port.js';
import { ApplicationHttpError } from '../applications/application-http.port.js';
import type { Application } from '../applications/applications.port.js';
import { AUDIT } from '../audit/audit.port.js';
import type { AuditPort } from '../audit/audit.port.js';
import { listedAs } from './product-tokens.policy.js';
import type { MintedToken } from './product-tokens.policy.js';
import { ProductTokens, holderOf } from './product-tokens.service.js';
import { StoredPatMarks, describedBySystem } from './stored-pat-marks.service.js';
import {
  DAY_MS,
  RENEW_BEFORE_MS,
  dueWarning,
  renewedLifetimeDays,
  warningOf,
} from './stored-pat-state.policy.js';
import { StoredPatsRepository } from './stored-pats.repository.js';
import type { StoredPatRow } from './stored-pats.repository.js';

/** What is done for one stored token: is it accepted, until when, must somebody be told, can it be renewed. */
@Injectable()
export class StoredPatCare {
  constructor(
    @Inject(CHANGE_FEED) private readonly changeFeed: ChangeFeedPort,
    @Inject(AUDIT) private readonly audit: AuditPort,
    private readonly repository: StoredPatsRepository,
    private readonly tokens: ProductTokens,
    private readonly marks: StoredPatMarks,
  ) {}

  /** Throws `ApplicationHttpError` when the application cannot be asked. */
  async lookAfter(application: Application, row: StoredPatRow, now: number): Promise<void> {
    const accepted = await this.marks.ask(application, row);
    await this.repository.update(row, { checkedAt: new Date(now) });
    if (!accepted) return;
    const known = await this.learn(application, row);
    if (await this.renew(application, known, now)) return;
    await this.warn(application, known, now);
  }

  /** What the application tells of the token's end; what its owner said stays where the application is silent. */
  private async learn(application: Application, row: StoredPatRow): Promise<StoredPatRow> {
    const list = await this.tokens.list(holderOf(application, row.username, row.token)).catch(unanswered);
    const listed = list && listedAs(row.token, list);
    if (!listed) return row;
    const found = {
      productTokenId: listed.id,
      issuedAt: listed.issuedAt ?? row.issuedAt,
      expiresAt: listed.expiresAt ?? null,
    };
    if (
      found.expiresAt?.getTime() === row.expiresAt?.getTime() &&
      found.productTokenId === row.productTokenId
    )
      return row;
    const after = { expiresAt: found.expiresAt?.toISOString() ?? null };
    await this.marks.change(application, row, found, after);
    return { ...row, ...found };
  }

  /** True when a new token has taken the place of one that ends soon. The one before ends by itself. */
  private async renew(application: Application, row: StoredPatRow, now: number): Promise<boolean> {
    const { identity, product } = application;
    const { expiresAt, issuedAt, username } = row;
    // Bitbucket lets no token make another one.
    if (product === 'bitbucket' || identity.mode !== 'pat' || identity.renewal === 'off') return false;
    if (!expiresAt || !issuedAt || expiresAt.getTime() - now > RENEW_BEFORE_MS) return false;
    const days = renewedLifetimeDays(issuedAt, expiresAt);
    const holder = holderOf(application, username, row.token);
    const minted = await this.tokens.mint(holder, 'Restgate (renewed)', days).catch(unanswered);
    if (!minted) return false;
    const until = minted.expiresAt ?? new Date(now + days * DAY_MS);
    const saved = await this.changeFeed.change(
      (manager) => this.replace(manager, row, { ...minted, expiresAt: until }, now),
      (done) => ({
        ...describedBySystem(application, username),
        before: { expiresAt: expiresAt.toISOString() },
        after: { renewed: done, expiresAt: (done ? until : expiresAt).toISOString() },
      }),
    );
    if (!saved) await this.tokens.revoke(holder, minted.id);
    return saved;
  }

  /** False when its owner removed or replaced the token meanwhile. */
  private async replace(
    manager: EntityManager,
    row: StoredPatRow,
    minted: MintedToken,
    now: number,
  ): Promise<boolean> {
    if (!(await this.repository.update(row, { checkedAt: new Date(now) }, manager))) return false;
    await this.repository.save(manager, {
      applicationId: row.applicationId,
      username: row.username,
      token: minted.token,
      productTokenId: minted.id,
      issuedAt: minted.issuedAt ?? new Date(now),
      expiresAt: minted.expiresAt,
      renewedAt: new Date(now),
    });
    return true;
  }

  private async warn(application: Application, row: StoredPatRow, now: number): Promise<void> {
    const due = dueWarning({ ...row, issuedAt: row.issuedAt ?? row.storedAt }, now);
    if (due === undefined || !(await this.repository.update(row, { warnedDays: due }))) return;
    this.audit.record({
      id: uuid({ msecs: now }),
      time: now,
      requestId: 'schedule',
      category: 'admin',
      decision: 'forwarded',
      application: application.key,
      user: row.username,
      target: `users/${row.username}/credentials/${application.key}`,
      detail: warningOf({ expiresAt: row.expiresAt as Date }, now),
    });
  }
}

/** Not every application lists or makes tokens; what cannot be had is done without. */
function unanswered(error: unknown): undefined {
  if (!(error instanceof ApplicationHttpError)) throw error;
  return undefined;
}
