import { isUtf8 } from 'node:buffer';
import { countLineBreaks, CR, LF } from './lines.js';

const SHOWN = 20;
const TAIL_BYTES = 4 * SHOWN;

/** How many bytes the character takes that begins with this byte; 1 for a byte that begins none. */
const characterLength = (byte: number): number => (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1);

/** Bytes at the end of a chunk that belong together with the next one's: an unfinished character, or a CR. */
function unfinished(chunk: Buffer): number {
  if (chunk.at(-1) === CR) return 1;
  for (let back = 1; back <= Math.min(3, chunk.length); back++) {
    const byte = chunk[chunk.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return characterLength(byte) > back ? back : 0;
  }
  return 0;
}

/** Where the first byte is that is not UTF-8; only for a buffer that has one. */
function firstFault(buffer: Buffer): number {
  let at = 0;
  while (at < buffer.length) {
    const length = characterLength(buffer[at] ?? 0);
    if (!isUtf8(buffer.subarray(at, at + length))) return at;
    at += length;
  }
  return at;
}

/** Checks a file for UTF-8, chunk by chunk, however it was cut. */
export class Utf8Check {
  private rest: Buffer = Buffer.alloc(0);
  /** The text just before, for a message. */
  private tail: Buffer = Buffer.alloc(0);
  private offset = 0;
  private line = 1;

  /** Why the file is not UTF-8, with its line and byte (both from 1); null as long as it is. */
  push(chunk: Buffer, last: boolean): string | null {
    const buffer = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk;
    const end = buffer.length - (last ? 0 : unfinished(buffer));
    const text = buffer.subarray(0, end);
    if (!isUtf8(text)) return this.describe(text);
    this.rest = Buffer.from(buffer.subarray(end));
    this.tail = Buffer.concat([this.tail, text.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES);
    this.offset += end;
    this.line += countLineBreaks(text, 0, end);
    return null;
  }

  private describe(text: Buffer): string {
    const at = firstFault(text);
    const code = (text[at] ?? 0).toString(16).toUpperCase().padStart(2, '0');
    const line = this.line + countLineBreaks(text, 0, at);
    const seen = Buffer.concat([this.tail, text.subarray(Math.max(0, at - TAIL_BYTES), at)]);
    const before = seen
      .subarray(seen.lastIndexOf(LF) + 1)
      .toString()
      .slice(-SHOWN);
    return `Line ${line} is not UTF-8: byte ${this.offset + at + 1} of the file is 0x${code} (after ${JSON.stringify(before)}). Save the file as UTF-8.`;
  }
}
