/** UTF-8 needs no more for a UTF-16 unit. */
const MOST_BYTES_PER_UNIT = 3;
const ZERO = 0x30;
const BILLION = 1e9;
const BILLION_DIGITS = 9;

/** What `Buffer.write` leads to; without asking for the encoding each time it takes half as long. */
interface WritableBytes extends Buffer {
  utf8Write(text: string, offset: number): number;
  latin1Write(text: string, offset: number): number;
}

function bytesOfSize(size: number): WritableBytes {
  return Buffer.allocUnsafeSlow(size) as WritableBytes;
}

/**
 * UTF-8 text that is put together piece by piece, without strings in between. Used again and again, in `usualSize`
 * bytes of memory; what one larger text needed is given back.
 */
export class ByteText {
  bytes: WritableBytes;
  length = 0;

  constructor(private readonly usualSize: number) {
    this.bytes = bytesOfSize(usualSize);
  }

  begin(): void {
    if (this.bytes.length > this.usualSize) this.bytes = bytesOfSize(this.usualSize);
    this.length = 0;
  }

  /** Adds a byte where `ensure` has made room. */
  putByte(byte: number): void {
    this.bytes[this.length++] = byte;
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

  /** A number as JSON writes it; it has no sign on zero. */
  addNumber(value: number): void {
    if (value >= 0 && value <= Number.MAX_SAFE_INTEGER && Number.isInteger(value)) {
      const high = Math.floor(value / BILLION);
      if (high > 0) this.addDigits(high, digitsOf(high));
      const low = value - high * BILLION;
      this.addDigits(low, high > 0 ? BILLION_DIGITS : digitsOf(low));
    } else {
      this.addAscii(String(value));
    }
  }

  /** A whole number below a billion, with zeros in front: arithmetic of small numbers is the quickest. */
  private addDigits(value: number, digits: number): void {
    this.ensure(digits);
    let rest = value;
    for (let place = this.length + digits - 1; place >= this.length; place--) {
      const tens = (rest / 10) | 0;
      this.bytes[place] = ZERO + rest - tens * 10;
      rest = tens;
    }
    this.length += digits;
  }

  /** Makes room for so many bytes, which `putByte` needs. */
  ensure(room: number): void {
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
