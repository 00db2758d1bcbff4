import { hash } from 'node:crypto';
import { ByteText } from '../../lib/byte-text.js';
import { extraText } from './audit-extras.policy.js';
import { checkEvent, GroupRows } from './audit-group-rows.policy.js';
import { GROUP } from './audit-group.policy.js';
import { addressPart, agentPart, outcomePart, placePart, whoPart } from './audit-parts.policy.js';
import type { Part } from './audit-part-memory.js';
import type { AuditEvent } from './audit.port.js';

/** Of a group: a little more than where the queue ends it. */
const USUAL_BYTES = 96 * 1024;

/** Where a group is in its chain. */
export interface Link {
  readonly chain: string;
  readonly first: number;
  readonly previous: string;
}

let groups = 0;

/**
 * Writes the text of groups, one after another: exactly `groupText` of the rows of the events. Requests come by the
 * thousand per second; theirs are numbers and references to parts that were made before.
 */
export class GroupWriter {
  private group = groups++;
  private readonly numbers = new Map<string, number>();
  private readonly parts = new ByteText(USUAL_BYTES);
  private readonly rows = new GroupRows();
  private readonly text = new ByteText(2 * USUAL_BYTES);

  /** Events in the open group. */
  get count(): number {
    return this.rows.count;
  }

  /** About as many bytes as the open group has, without its head. */
  get bytes(): number {
    return this.parts.length + this.rows.bytes;
  }

  /** Throws for a time that is none, and for changes that have no JSON; nothing is added then. */
  add(event: AuditEvent): void {
    checkEvent(event);
    const extra = extraText(event);
    const place = placePart(event);
    const who = whoPart(event);
    const addresses = addressPart(event);
    const agent = agentPart(event);
    const outcome = outcomePart(event);
    // Nothing may go wrong behind this: a part that no row refers to is not in the text that is made of the rows.
    this.rows.add(
      event,
      this.numberOf(place),
      this.numberOf(who),
      this.numberOf(addresses),
      this.numberOf(agent),
      this.numberOf(outcome),
    );
    if (extra !== undefined) this.rows.addExtra(extra);
  }

  /** The line of the open group, and its hash; the next event begins another one. Valid until the next call. */
  end({ chain, first, previous }: Link): { readonly line: Uint8Array; readonly hash: string } {
    const { text, parts } = this;
    text.begin();
    const lead = { [GROUP.count]: this.count, [GROUP.chain]: chain, [GROUP.first]: first };
    text.addText(JSON.stringify({ ...lead, [GROUP.previous]: previous }).slice(0, -1));
    text.addAscii(`,"${GROUP.parts}":[`);
    text.add(parts.bytes.subarray(0, parts.length));
    text.addAscii(`],"${GROUP.rows}":[`);
    this.rows.writeTo(text);
    text.addAscii(']');
    const made = hash('sha256', text.bytes.subarray(0, text.length), 'base64url');
    text.addAscii(`,"${GROUP.hash}":"${made}"}\n`);
    this.begin();
    return { line: text.bytes.subarray(0, text.length), hash: made };
  }

  private begin(): void {
    this.group = groups++;
    this.numbers.clear();
    this.parts.begin();
    this.rows.clear();
  }

  private numberOf(part: Part): number {
    return part.group === this.group ? part.number : this.take(part);
  }

  /** The same part may have been made twice. */
  private take(part: Part): number {
    const known = this.numbers.get(part.text);
    const number = known ?? this.numbers.size;
    if (known === undefined) {
      this.numbers.set(part.text, number);
      if (number > 0) this.parts.addAscii(',');
      this.parts.addText(part.text);
    }
    part.group = this.group;
    part.number = number;
    return number;
  }
}
