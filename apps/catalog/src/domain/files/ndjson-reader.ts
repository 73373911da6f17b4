import { LF } from './lines.js';
import { RowReader, type Scanned } from './row-reader.js';

/** The lines of an NDJSON file (LF or CR LF), parsed; empty ones are left out. */
export class NdjsonReader extends RowReader<unknown> {
  protected scan(buffer: Buffer, last: boolean): Scanned<unknown> {
    const found = buffer.indexOf(LF);
    if (found === -1 && !last) return null;
    const end = found === -1 ? buffer.length : found + 1;
    const text = buffer.toString('utf8', 0, end).trim();
    if (text === '') return { content: null, end };
    try {
      return { content: JSON.parse(text) ?? undefined, end };
    } catch (error) {
      return { fault: `the line is not JSON: ${error instanceof Error ? error.message : String(error)}` };
    }
  }
}
