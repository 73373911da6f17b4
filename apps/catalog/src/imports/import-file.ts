import type { ImportProblem } from '@stoa/catalog-contract';
import type { Entry } from '../domain/files/entry.js';
import { placeAfterBom, readCsvStart, type FileKind } from '../domain/files/file-start.js';
import type { Place } from '../domain/files/lines.js';
import { NdjsonFile } from '../domain/files/ndjson-file.js';
import { readHeader, unknownColumns } from '../domain/files/shopify-columns.js';
import { ShopifyFile } from '../domain/files/shopify-file.js';
import { htmlLibrary } from '../html/library.js';
import type { Checkpoint } from '../storage/imports/import-leases.js';

const LONGEST_BOM = 3;
const LONGEST_HEADER = 1024 * 1024;

/** A file that is read from a place on, chunk by chunk. */
export interface OpenFile {
  readonly place: Place;
  /** Kept for a later run, beside the place. */
  readonly memory: () => Pick<Checkpoint, 'header' | 'mentioned'>;
  /** Of the rows before the first product. */
  readonly problems: readonly ImportProblem[];
  readonly read: (chunk: Buffer, last: boolean) => Iterable<Entry>;
}

/** The file can't be read at all; the message says why. */
export class BadFile extends Error {
  override readonly name = 'BadFile';
}

function openNdjson(place: Place, mentioned: readonly string[]): OpenFile {
  const file = new NdjsonFile(place, htmlLibrary, mentioned);
  const memory = () => ({ header: [], mentioned: file.mentionedFields });
  return { place, memory, problems: [], read: (chunk, last) => file.read(chunk, last) };
}

function openCsv(cells: readonly string[], currency: string, place: Place, headerLine: number | null): OpenFile {
  const header = readHeader(cells);
  if ('failure' in header) throw new BadFile(header.failure);
  const file = new ShopifyFile(place, header, { currency, library: htmlLibrary });
  const memory = () => ({ header: header.cells, mentioned: [] });
  const problems = headerLine === null ? [] : unknownColumns(header, headerLine);
  return { place, memory, problems, read: (chunk, last) => file.read(chunk, last) };
}

/** Opens a file at its beginning, of which `head` is known; null: that is too little. @throws BadFile */
export function openAtStart(kind: FileKind, currency: string, head: Buffer, last: boolean): OpenFile | null {
  if (!last && head.length < LONGEST_BOM) return null;
  if (kind === 'ndjson') return openNdjson(placeAfterBom(head), []);
  const start = readCsvStart(head, last);
  if (!start && head.length > LONGEST_HEADER) throw new BadFile('The header (line 1) does not end.');
  if (start && 'failure' in start) throw new BadFile(start.failure);
  return start && openCsv(start.header.cells, currency, start.end, start.line);
}

/** Opens a file where an earlier run stopped. */
export function openAgain(kind: FileKind, currency: string, checkpoint: Checkpoint): OpenFile {
  const { offset, line, header, mentioned } = checkpoint;
  return kind === 'ndjson'
    ? openNdjson({ offset, line }, mentioned)
    : openCsv(header, currency, { offset, line }, null);
}
