import { CR, LF } from './lines.js';
import { RowReader, type Scanned } from './row-reader.js';

const QUOTE = 0x22;
const COMMA = 0x2c;

/** The end of a quoted cell, whose content begins at `start`. */
function closingQuote(buffer: Buffer, start: number, last: boolean): number | { readonly fault: string } | null {
  for (let from = start; ;) {
    const quote = buffer.indexOf(QUOTE, from);
    if (quote === -1) return last ? { fault: 'a quoted cell begins here and is never closed' } : null;
    const after = buffer[quote + 1];
    if (after === undefined && !last) return null;
    if (after === undefined || after === COMMA || after === LF || after === CR) return quote;
    if (after !== QUOTE) return { fault: 'a quoted cell of this row goes on after its closing quote' };
    from = quote + 2;
  }
}

function endOfPlainCell(buffer: Buffer, start: number): number {
  let end = start;
  while (end < buffer.length && buffer[end] !== COMMA && buffer[end] !== LF && buffer[end] !== CR) end++;
  return end;
}

/**
 * Rows of a CSV file (RFC 4180; LF, CR LF or CR). Our own because an import says where a row is and goes on after a bad
 * one: csv-parse 7.0 counts a CR LF inside quotes as two lines, and after a stray quote it skips all rows up to the
 * next closing one. The tests compare the cells with its.
 */
export class CsvReader extends RowReader<string[]> {
  protected scan(buffer: Buffer, last: boolean): Scanned<string[]> {
    const cells: string[] = [];
    for (let at = 0; ; at++) {
      if (buffer[at] === QUOTE) {
        const end = closingQuote(buffer, at + 1, last);
        if (end === null || typeof end !== 'number') return end;
        cells.push(buffer.toString('utf8', at + 1, end).replaceAll('""', '"'));
        at = end + 1;
      } else {
        const end = endOfPlainCell(buffer, at);
        if (end === buffer.length && !last) return null;
        cells.push(end === at ? '' : buffer.toString('utf8', at, end));
        at = end;
      }
      if (buffer[at] === COMMA) continue;
      // A CR that ends the buffer may have its LF in the next one.
      if (buffer[at] === CR && at + 1 === buffer.length && !last) return null;
      const end = at < buffer.length ? at + (buffer[at] === CR && buffer[at + 1] === LF ? 2 : 1) : at;
      return { content: cells.length === 1 && cells[0] === '' ? null : cells, end };
    }
  }
}
