import { countLineBreaks, CR, LF, START, type Place } from './lines.js';

/** No product's row is longer; a reader must not gather a file in memory to find out. */
export const MAX_ROW_BYTES = 4 * 1024 * 1024;

/** A row of a file: its content, or why it can't be read. `line` is where it begins. */
export type Row<Content> = Place &
  (
    | { readonly content: Content; readonly fault?: undefined }
    | { readonly content?: undefined; readonly fault: string }
  );

/** The start of a buffer as a format reads it: a row and where it ends, a fault, or null: more bytes are needed. */
export type Scanned<Content> =
  | { readonly content: Content | null; readonly end: number }
  | { readonly fault: string }
  | null;

/**
 * Cuts a stream of bytes into rows, and knows each one's true place: a reading that stopped goes on from any of them.
 * After a row that can't be read it goes on at the next line of the file, so that one stray quote does not swallow what
 * follows.
 */
export abstract class RowReader<Content> {
  private buffer: Buffer = Buffer.alloc(0);
  /** A row that can't be read, until its line ends. */
  private unread: Row<Content> | null = null;

  constructor(private place: Place = START) {}

  /** Where the next row begins. Exact between two rows: call it after each. */
  position(): Place {
    return this.place;
  }

  /** @param last the buffer ends the file. A content of null is an empty line. */
  protected abstract scan(buffer: Buffer, last: boolean): Scanned<Content>;

  /** The rows that end in this chunk; with `last`, all that are left. */
  *read(chunk: Buffer, last: boolean): Generator<Row<Content>> {
    this.buffer = this.buffer.length > 0 ? Buffer.concat([this.buffer, chunk]) : chunk;
    for (let step = this.step(last); step; step = this.step(last)) {
      if (step.row) yield step.row;
    }
  }

  /** Null: more bytes are needed, or none are left. */
  private step(last: boolean): { row: Row<Content> | null } | null {
    if (this.unread) return this.skipLine(this.unread, last);
    return this.buffer.length > 0 ? this.next(last) : null;
  }

  private next(last: boolean): { row: Row<Content> | null } | null {
    const { place } = this;
    const scanned = this.scan(this.buffer, last) ?? this.outgrown();
    if (!scanned) return null;
    if ('fault' in scanned) {
      this.unread = { ...place, fault: scanned.fault };
      return { row: null };
    }
    this.take(scanned.end);
    return { row: scanned.content === null ? null : { ...place, content: scanned.content } };
  }

  private outgrown(): { fault: string } | null {
    if (this.buffer.length <= MAX_ROW_BYTES) return null;
    return { fault: `the row is longer than ${MAX_ROW_BYTES / 1024 ** 2} MiB, or a quote is never closed` };
  }

  private skipLine(unread: Row<Content>, last: boolean): { row: Row<Content> } | null {
    const end = this.endOfLine(last);
    // A CR that ends the buffer may have its LF in the next one: it stays for that.
    this.take(end ?? this.buffer.length - (this.buffer.at(-1) === CR ? 1 : 0));
    if (end === null) return null;
    this.unread = null;
    return { row: unread };
  }

  /** Behind the next line break; null when it is not in the buffer, or not all of it. */
  private endOfLine(last: boolean): number | null {
    const { buffer } = this;
    for (let end = 0; end < buffer.length; end++) {
      if (buffer[end] === LF) return end + 1;
      if (buffer[end] === CR && end + 1 === buffer.length && !last) return null;
      if (buffer[end] === CR && buffer[end + 1] !== LF) return end + 1;
    }
    return last ? buffer.length : null;
  }

  private take(length: number): void {
    const { offset, line } = this.place;
    this.place = { offset: offset + length, line: line + countLineBreaks(this.buffer, 0, length) };
    this.buffer = this.buffer.subarray(length);
  }
}
