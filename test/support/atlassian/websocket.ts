import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** The answer to a client's `Sec-WebSocket-Key` (RFC 6455, 4.2.2). */
export function acceptKey(key: string): string {
  return createHash('sha1')
    .update(key + MAGIC)
    .digest('base64');
}

interface Frame {
  opcode: number;
  payload: Buffer;
  size: number;
}

/** Payload length and where it is followed by mask or payload; null while bytes are missing. */
function readLength(data: Buffer): { length: number; at: number } | null {
  const short = data.readUInt8(1) & 0x7f;
  if (short < 126) return { length: short, at: 2 };
  const at = short === 126 ? 4 : 10;
  if (data.length < at) return null;
  return { length: short === 126 ? data.readUInt16BE(2) : Number(data.readBigUInt64BE(2)), at };
}

/** Reads one whole frame; null while bytes are missing. */
export function readFrame(data: Buffer): Frame | null {
  const found = data.length < 2 ? null : readLength(data);
  if (found === null) return null;
  const masked = (data.readUInt8(1) & 0x80) !== 0;
  const at = found.at + (masked ? 4 : 0);
  const size = at + found.length;
  if (data.length < size) return null;
  const payload = Buffer.from(data.subarray(at, size));
  if (masked) {
    for (let index = 0; index < payload.length; index += 1) {
      payload.writeUInt8(payload.readUInt8(index) ^ data.readUInt8(found.at + (index % 4)), index);
    }
  }
  return { opcode: data.readUInt8(0) & 0x0f, payload, size };
}

/** One final frame; clients must mask theirs. */
export function writeFrame(opcode: number, payload: Buffer, masked = false): Buffer {
  const short = payload.length < 126;
  const header = Buffer.alloc(short ? 2 : 4);
  header[0] = 0x80 | opcode;
  header[1] = (masked ? 0x80 : 0) | (short ? payload.length : 126);
  if (!short) header.writeUInt16BE(payload.length, 2);
  if (!masked) return Buffer.concat([header, payload]);
  const mask = Buffer.from([1, 2, 3, 4]);
  const hidden = Buffer.from(payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0)));
  return Buffer.concat([header, mask, hidden]);
}

/** Accepts the upgrade, greets with the user it knows, then sends every frame back. */
export function echoWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  headers: string[],
  greeting: string,
): void {
  const key = request.headers['sec-websocket-key'] ?? '';
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptKey(key)}`,
    ...headers,
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  socket.write(writeFrame(1, Buffer.from(greeting)));
  let pending = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (let frame = readFrame(pending); frame !== null; frame = readFrame(pending)) {
      pending = pending.subarray(frame.size);
      socket.write(writeFrame(frame.opcode, frame.payload));
      if (frame.opcode === 8) socket.end();
    }
  });
  socket.on('error', () => socket.destroy());
}
