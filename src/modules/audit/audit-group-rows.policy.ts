import type { ByteText } from '../../lib/byte-text.js';
import { MOST_NUMBER_BYTES, putAscii, putNumber } from '../../lib/put-number.js';
import { PARTS } from './audit-columns.policy.js';
import { MOST_GROUP_ROWS } from './audit-group.policy.js';
import { storedMicroseconds, storedWhole } from './audit-row.policy.js';
import type { AuditEvent } from './audit.port.js';

const COMMA = 0x2c;
const QUOTE = 0x22;
const OPEN = 0x5b;
const CLOSE = 0x5d;
/** Time, duration, upstream duration, and bytes of the request and of the answer. */
const NUMBERS = 5;
const ID_LENGTH = '01234567-89ab-7def-8123-456789abcdef'.length;
/** Without what few events have; between the fields stand some commas, brackets and quotation marks. */
const ROOM_OF_EVENT = ID_LENGTH + (NUMBERS + PARTS.length) * (MOST_NUMBER_BYTES + 1) + 8;
const USUAL_BYTES_OF_EVENT = 100;
/** The latest time that a Date can hold. */
const LAST_TIME = 8.64e15;

/** Throws for an event that no text can be made of. */
export function checkEvent({ id, time }: AuditEvent): void {
  if (!(Math.abs(time) <= LAST_TIME)) throw new RangeError('The time of an audit event is none.');
  if (id.length !== ID_LENGTH) throw new RangeError('The id of an audit event is no uuid.');
}

/**
 * The events of the open group: numbers, in memory that is used again and again. Their text is made when the group
 * ends, of all of them at once: one by one, between other work of requests, the same takes longer.
 */
export class GroupRows {
  count = 0;
  private ids = new Uint8Array(MOST_GROUP_ROWS * ID_LENGTH);
  private numbers = new Float64Array(MOST_GROUP_ROWS * NUMBERS);
  private parts = new Uint32Array(MOST_GROUP_ROWS * PARTS.length);
  /** By the place of their event: what few events have. */
  private readonly extras = new Map<number, string>();
  private extraBytes = 0;
  private readonly timeText = new Uint8Array(MOST_NUMBER_BYTES + 1);
  private timeLength = 0;
  private time = NaN;

  /** About as many bytes as the text will have. */
  get bytes(): number {
    return this.count * USUAL_BYTES_OF_EVENT + this.extraBytes;
  }

  /** An event that `checkEvent` let pass, and the numbers of its parts. */
  add(
    event: AuditEvent,
    place: number,
    who: number,
    addresses: number,
    agent: number,
    outcome: number,
  ): void {
    const { count } = this;
    if (count * NUMBERS === this.numbers.length) this.grow();
    const { numbers, parts } = this;
    putAscii(this.ids, count * ID_LENGTH, event.id);
    const number = count * NUMBERS;
    numbers[number] = Math.trunc(event.time);
    numbers[number + 1] = event.durationMs ?? NaN;
    numbers[number + 2] = event.upstreamMs ?? NaN;
    numbers[number + 3] = event.requestBytes ?? NaN;
    numbers[number + 4] = event.responseBytes ?? NaN;
    const part = count * PARTS.length;
    parts[part] = place;
    parts[part + 1] = who;
    parts[part + 2] = addresses;
    parts[part + 3] = agent;
    parts[part + 4] = outcome;
    this.count = count + 1;
  }

  /** What the last event has that few have: see extraText. */
  addExtra(extra: string): void {
    this.extras.set(this.count - 1, extra);
    this.extraBytes += Buffer.byteLength(extra);
  }

  clear(): void {
    this.count = 0;
    this.extras.clear();
    this.extraBytes = 0;
  }

  /** Adds the events to the text: arrays between commas. */
  writeTo(text: ByteText): void {
    for (let row = 0; row < this.count; row++) {
      text.ensure(ROOM_OF_EVENT);
      text.length = this.putRow(text.bytes, text.length, row);
      const extra = this.extras.size === 0 ? undefined : this.extras.get(row);
      if (extra === undefined) text.bytes[text.length++] = CLOSE;
      else text.addText(extra);
    }
  }

  /** All but the end of an event; answers where it ends. */
  private putRow(bytes: Uint8Array, from: number, row: number): number {
    const { numbers } = this;
    let at = from;
    if (row > 0) bytes[at++] = COMMA;
    bytes[at++] = OPEN;
    bytes[at++] = QUOTE;
    const id = row * ID_LENGTH;
    for (let i = 0; i < ID_LENGTH; i++) bytes[at++] = this.ids[id + i] as number;
    bytes[at++] = QUOTE;
    const number = row * NUMBERS;
    at = this.putTime(bytes, at, numbers[number] as number);
    const part = row * PARTS.length;
    for (let i = 0; i < PARTS.length; i++) at = putField(bytes, at, this.parts[part + i]);
    at = putField(bytes, at, storedMicroseconds(numbers[number + 1]));
    at = putField(bytes, at, storedMicroseconds(numbers[number + 2]));
    at = putField(bytes, at, storedWhole(numbers[number + 3]));
    return putField(bytes, at, storedWhole(numbers[number + 4]));
  }

  /** As putField: many requests come in the same millisecond, and the digits of one are those of the other. */
  private putTime(bytes: Uint8Array, from: number, time: number): number {
    const { timeText } = this;
    if (time !== this.time) {
      this.timeLength = putField(timeText, 0, time);
      this.time = time;
    }
    for (let i = 0; i < this.timeLength; i++) bytes[from + i] = timeText[i] as number;
    return from + this.timeLength;
  }

  private grow(): void {
    this.ids = larger(this.ids, new Uint8Array(this.ids.length * 2));
    this.numbers = larger(this.numbers, new Float64Array(this.numbers.length * 2));
    this.parts = larger(this.parts, new Uint32Array(this.parts.length * 2));
  }
}

function larger<T extends { set(from: ArrayLike<number>): void } & ArrayLike<number>>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** A number after a comma; an absent one is null. Answers where it ends. */
function putField(bytes: Uint8Array, at: number, value: number | undefined): number {
  bytes[at] = COMMA;
  return value === undefined ? putAscii(bytes, at + 1, 'null') : putNumber(bytes, at + 1, value);
}
