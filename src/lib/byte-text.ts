/** UTF-8 needs no more for a UTF-16 unit. */
const MOST_BYTES_PER_UNIT = 3;

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

  /** Makes room for so many bytes behind `length`, for who writes them there. */
  ensure(room: number): void {
    if (this.length + room <= this.bytes.length) return;
    const larger = bytesOfSize(Math.max(this.length + room, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}
