import type { ImportProblem } from '@stoa/catalog-contract';
import { readHandle } from '../handle.js';
import { CsvReader } from './csv-reader.js';
import { refusedRow, type Entry, type FileSettings } from './entry.js';
import { unguarded } from './formula-guard.js';
import type { Place } from './lines.js';
import type { Row } from './row-reader.js';
import { nameIn, type Header } from './shopify-columns.js';
import { ShopifyProduct, type CsvRow } from './shopify-product.js';

// 2,000 variants and 250 pictures, with room: a file must not gather in memory because one handle never changes.
const MAX_ROWS = 5_000;
const MAX_BYTES = 16 * 1024 * 1024;

/** The products of a Shopify product CSV, from `start` on, which is behind the header. */
export class ShopifyFile {
  private readonly reader: CsvReader;
  private handle: string | null = null;
  private rows: CsvRow[] = [];
  /** Where the first of them is. */
  private start = 0;
  /** Of rows that belong to no product: they go out with the next entry. */
  private problems: ImportProblem[] = [];
  private strayRows = 0;
  private isDamaged = false;

  constructor(
    start: Place,
    private readonly header: Header,
    private readonly settings: FileSettings,
  ) {
    this.reader = new CsvReader(start);
  }

  /** The products that end in this chunk: each does where the next one begins. */
  *read(chunk: Buffer, last: boolean): Generator<Entry> {
    for (const row of this.reader.read(chunk, last)) yield* this.add(row);
    if (last) yield this.close(this.reader.position());
  }

  private *add(row: Row<string[]>): Generator<Entry> {
    const handle = this.handleOf(row);
    if (handle === null) {
      this.strayRows++;
      this.isDamaged = true;
      return;
    }
    const isFull = this.rows.length >= MAX_ROWS || row.offset - this.start > MAX_BYTES;
    const isNext = handle !== this.handle || isFull;
    if (isNext && this.handle !== null) yield this.close(row);
    if (isNext) this.start = row.offset;
    this.handle = handle;
    this.rows.push({ line: row.line, cells: row.content ?? [] });
  }

  /** The product that a row belongs to; null when the row can't be read, which is then reported. */
  private handleOf(row: Row<string[]>): string | null {
    if (row.fault !== undefined) return this.refuse(row.line, null, row.fault);
    const width = this.header.cells.length;
    if (row.content.length !== width) {
      return this.refuse(row.line, null, `the row has ${row.content.length} cells, the header has ${width}`);
    }
    const read = readHandle(unguarded(row.content[this.header.places.get('Handle') ?? -1]?.trim() ?? ''));
    return 'handle' in read ? read.handle : this.refuse(row.line, nameIn(this.header, 'Handle'), read.reason);
  }

  private refuse(line: number, column: string | null, reason: string): null {
    this.problems.push(refusedRow(line, column, null, reason));
    return null;
  }

  private close(end: Place): Entry {
    const { rows, problems, strayRows, isDamaged } = this;
    const read = this.handle
      ? new ShopifyProduct({ handle: this.handle, rows, isDamaged }, this.header, this.settings).read()
      : { product: null, problems: [], rowsRefused: 0 };
    this.rows = [];
    this.problems = [];
    this.strayRows = 0;
    this.isDamaged = false;
    return {
      product: read.product,
      problems: [...problems, ...read.problems],
      rowsRefused: strayRows + read.rowsRefused,
      rows: strayRows + rows.length,
      end: { offset: end.offset, line: end.line },
    };
  }
}
