import type { ImportJob } from '@stoa/catalog-contract';
import { CsvReader } from './csv-reader.js';
import { bomLength, foreignEncoding, START, type Place } from './lines.js';
import { readHeader, type Header } from './shopify-columns.js';
import { Utf8Check } from './utf8-check.js';

export type FileKind = ImportJob['format'];

const ARRAY_START = 0x5b;

/** Where the products begin: behind a byte order mark. */
export const placeAfterBom = (head: Buffer): Place => ({ ...START, offset: bomLength(head) });

/** The header of a CSV, and where it is. */
export interface CsvStart {
  readonly header: Header;
  readonly line: number;
  /** Where the first row behind the header begins. */
  readonly end: Place;
}

/** The header of a CSV, from its first bytes; null: it does not end in them. */
export function readCsvStart(head: Buffer, last: boolean): CsvStart | { readonly failure: string } | null {
  const start = placeAfterBom(head);
  const reader = new CsvReader(start);
  for (const { line, content, fault } of reader.read(head.subarray(start.offset), last)) {
    if (fault !== undefined) return { failure: `The header (line ${line}) can't be read: ${fault}.` };
    const header = readHeader(content);
    return 'failure' in header ? header : { header, line, end: reader.position() };
  }
  return last ? { failure: 'The file is empty.' } : null;
}

/** A fault of the whole file that its first frame shows; null when it shows none. */
export function faultAtStart(kind: FileKind, head: Buffer, last: boolean): string | null {
  if (head.length === bomLength(head) && last) return 'The file is empty.';
  const encoding = foreignEncoding(head) ?? new Utf8Check().push(head, last);
  if (encoding !== null) return encoding;
  if (kind === 'ndjson') {
    const isArray = head[bomLength(head)] === ARRAY_START;
    return isArray
      ? 'The file is one JSON array. NDJSON has one product a line, without brackets and commas around.'
      : null;
  }
  const start = readCsvStart(head, last);
  return start && 'failure' in start ? start.failure : null;
}
