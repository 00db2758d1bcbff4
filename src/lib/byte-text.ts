const FIRST_BYTES = 16 * 1024;
/** UTF-8 needs no more for a UTF-16 unit. */
const MOST_BYTES_PER_UNIT = 3;
const ZERO = 0x30;
const POINT = 0x2e;
const LARGEST_PLAIN = 1e9;

/** What `Buffer.write` leads to; without asking for the encoding each time it takes half as long. */
interface WritableBytes extends Buffer {
  utf8Write(text: string, offset: number): number;
  latin1Write(text: string, offset: number): number;
}

function bytesOfSize(size: number): WritableBytes {
  return Buffer.allocUnsafeSlow(size) as WritableBytes;
}

/** UTF-8 text that is put together piece by piece, without strings in between. Used again and again. */
export class ByteText {
  bytes = bytesOfSize(FIRST_BYTES);
  length = 0;

  /** Begins anew, `start` bytes behind the beginning. What one large text needed is given back. */
  begin(start = 0): void {
    if (this.bytes.length > FIRST_BYTES) this.bytes = bytesOfSize(FIRST_BYTES);
    this.length = start;
  }

  add(piece: Uint8Array): void {
    this.ensure(piece.length);
    this.bytes.set(piece, this.length);
    this.length += piece.length;
  }

  addText(text: string): void {
    this.ensure(text.length * MOST_BYTES_PER_UNIT);
    this.length += this.bytes.utf8Write(text, this.length);
  }

  /** A text of characters below U+0080. */
  addAscii(text: string): void {
    this.ensure(text.length);
    this.length += this.bytes.latin1Write(text, this.length);
  }

  /** Replaces as many bytes from `at` on as `text`, of characters below U+0080, has characters. */
  putAscii(at: number, text: string): void {
    this.bytes.latin1Write(text, at);
  }

  /** Replaces `digits` bytes from `at` on by a whole number below 1 000 000 000, with zeros in front. */
  putDigits(at: number, value: number, digits: number): void {
    let rest = value;
    for (let place = at + digits - 1; place >= at; place--) {
      const tens = (rest / 10) | 0;
      this.bytes[place] = ZERO + rest - tens * 10;
      rest = tens;
    }
  }

  /** A number as JSON writes it; it has no sign on zero. */
  addNumber(value: number): void {
    if (value >= 0 && value < LARGEST_PLAIN && Number.isInteger(value))
      this.addDigits(value, digitsOf(value));
    else this.addAscii(String(value));
  }

  /** A thousandth of a whole number below 1 000 000 000 000, without zeros at the end. */
  addThousandths(value: number): void {
    const whole = Math.floor(value / 1000);
    const rest = value - whole * 1000;
    this.addNumber(whole);
    if (rest === 0) return;
    this.ensure(1);
    this.bytes[this.length++] = POINT;
    if (rest % 10 !== 0) this.addDigits(rest, 3);
    else if (rest % 100 !== 0) this.addDigits(rest / 10, 2);
    else this.addDigits(rest / 100, 1);
  }

  private addDigits(value: number, digits: number): void {
    this.ensure(digits);
    this.putDigits(this.length, value, digits);
    this.length += digits;
  }

  private ensure(room: number): void {
    if (this.length + room <= this.bytes.length) return;
    const larger = bytesOfSize(Math.max(this.length + room, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let limit = 10; value >= limit; limit *= 10) digits += 1;
  return digits;
}
