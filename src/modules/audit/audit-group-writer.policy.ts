import { hash } from 'node:crypto';
import { ByteText } from '../../lib/byte-text.js';
import { MOST_NUMBER_BYTES, putAscii, putNumber } from '../../lib/put-number.js';
import { extraText } from './audit-extras.policy.js';
import { GROUP } from './audit-group.policy.js';
import { addressPart, agentPart, outcomePart, placePart, whoPart } from './audit-parts.policy.js';
import type { Part } from './audit-part-memory.js';
import { storedMicroseconds, storedWhole } from './audit-row.policy.js';
import type { AuditEvent } from './audit.port.js';

const COMMA = 0x2c;
const QUOTE = 0x22;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const NUMBERS_OF_EVENT = 10;
/** Of a group: a little more than where the queue ends it. */
const USUAL_BYTES = 96 * 1024;
const ID_LENGTH = '01234567-89ab-7def-8123-456789abcdef'.length;
/** Without what few events have; between them stand some commas, brackets and quotation marks. */
const ROOM_OF_EVENT = ID_LENGTH + NUMBERS_OF_EVENT * (MOST_NUMBER_BYTES + 1) + 8;
/** The latest time that a Date can hold. */
const LAST_TIME = 8.64e15;

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
  /** Events in the open group. */
  count = 0;
  private group = groups++;
  private readonly numbers = new Map<string, number>();
  private readonly parts = new ByteText(USUAL_BYTES);
  private readonly rows = new ByteText(USUAL_BYTES);
  private readonly text = new ByteText(USUAL_BYTES);

  /** Bytes of the open group, without its head. */
  get bytes(): number {
    return this.parts.length + this.rows.length;
  }

  /** Throws for a time that is none, and for changes that have no JSON; nothing is added then. */
  add(event: AuditEvent): void {
    const time = Math.trunc(event.time);
    if (!(Math.abs(time) <= LAST_TIME)) throw new RangeError('The time of an audit event is none.');
    if (event.id.length !== ID_LENGTH) throw new RangeError('The id of an audit event is no uuid.');
    const extra = extraText(event);
    const { rows } = this;
    const placeOf = placePart(event);
    const whoOf = whoPart(event);
    const addressOf = addressPart(event);
    const agentOf = agentPart(event);
    const outcomeOf = outcomePart(event);
    // Nothing may go wrong behind this: a part that no row refers to is not in the text that is made of the rows.
    const place = this.numberOf(placeOf);
    const who = this.numberOf(whoOf);
    const address = this.numberOf(addressOf);
    const agent = this.numberOf(agentOf);
    const outcome = this.numberOf(outcomeOf);
    rows.ensure(ROOM_OF_EVENT);
    const { bytes } = rows;
    let at = rows.length;
    if (this.count > 0) bytes[at++] = COMMA;
    bytes[at++] = OPEN;
    bytes[at++] = QUOTE;
    at = putAscii(bytes, at, event.id);
    bytes[at++] = QUOTE;
    at = putField(bytes, at, time);
    at = putField(bytes, at, place);
    at = putField(bytes, at, who);
    at = putField(bytes, at, address);
    at = putField(bytes, at, agent);
    at = putField(bytes, at, outcome);
    at = putField(bytes, at, storedMicroseconds(event.durationMs));
    at = putField(bytes, at, storedMicroseconds(event.upstreamMs));
    at = putField(bytes, at, storedWhole(event.requestBytes));
    at = putField(bytes, at, storedWhole(event.responseBytes));
    if (extra === undefined) bytes[at++] = CLOSE;
    rows.length = at;
    if (extra !== undefined) rows.addText(extra);
    this.count += 1;
  }

  /** The line of the open group, and its hash; the next event begins another one. Valid until the next call. */
  end({ chain, first, previous }: Link): { readonly line: Uint8Array; readonly hash: string } {
    const { text, parts, rows } = this;
    text.begin();
    const lead = { [GROUP.count]: this.count, [GROUP.chain]: chain, [GROUP.first]: first };
    text.addText(JSON.stringify({ ...lead, [GROUP.previous]: previous }).slice(0, -1));
    text.addAscii(`,"${GROUP.parts}":[`);
    text.add(parts.bytes.subarray(0, parts.length));
    text.addAscii(`],"${GROUP.rows}":[`);
    text.add(rows.bytes.subarray(0, rows.length));
    text.addAscii(']');
    const made = hash('sha256', text.bytes.subarray(0, text.length), 'base64url');
    text.addAscii(`,"${GROUP.hash}":"${made}"}\n`);
    this.begin();
    return { line: text.bytes.subarray(0, text.length), hash: made };
  }

  private begin(): void {
    this.count = 0;
    this.group = groups++;
    this.numbers.clear();
    this.parts.begin();
    this.rows.begin();
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

/** A number after a comma; an absent one is null. Answers where it ends. */
function putField(bytes: Uint8Array, at: number, value: number | undefined): number {
  bytes[at] = COMMA;
  return value === undefined ? putAscii(bytes, at + 1, 'null') : putNumber(bytes, at + 1, value);
}
