import type { ImportProblem } from '@stoa/catalog-contract';
import { quoted } from '../money.js';
import { notice } from './entry.js';

/**
 * The columns that say something about a product here, and what else Shopify has called them (its template of 2025).
 */
const COLUMNS = {
  Handle: ['URL handle'],
  Title: [],
  'Body (HTML)': ['Description'],
  Vendor: [],
  'Product Category': ['Standardized Product Type'],
  Type: ['Custom Product Type'],
  Tags: [],
  Published: ['Published on online store'],
  Status: [],
  'Option1 Name': [],
  'Option1 Value': [],
  'Option2 Name': [],
  'Option2 Value': [],
  'Option3 Name': [],
  'Option3 Value': [],
  'Variant SKU': ['SKU'],
  'Variant Grams': ['Weight value (grams)'],
  'Variant Inventory Tracker': ['Inventory tracker'],
  'Variant Inventory Qty': ['Inventory quantity'],
  'Variant Inventory Policy': ['Continue selling when out of stock'],
  'Variant Price': ['Price'],
  'Variant Compare At Price': ['Compare-at price'],
  'Variant Requires Shipping': ['Requires shipping'],
  'Variant Taxable': ['Charge tax'],
  'Variant Barcode': ['Barcode'],
  'Variant Image': ['Variant image URL'],
  'Image Src': ['Product image URL'],
  'Image Position': [],
  'Image Alt Text': [],
  'SEO Title': [],
  'SEO Description': [],
  // Ours: what Shopify's columns can't say, so that a catalog comes back whole.
  'Variant Title': [],
  'Variant Price Currency': [],
} as const satisfies Record<string, readonly string[]>;

export type Column = keyof typeof COLUMNS;

/** The columns that an export writes, in its order. */
export const EXPORTED_COLUMNS = Object.keys(COLUMNS).filter(
  (column) => column !== 'Product Category',
) as readonly Column[];

const REQUIRED: readonly Column[] = ['Handle', 'Title', 'Variant Price'];

// Shopify's own that the catalog has no place for. Not worth a word in every import; others are mentioned once.
const UNUSED =
  /^(?:google shopping\b.*|included \/ .*|price \/ .*|compare at price \/ .*|.*\((?:product|variant)\.metafields\..*|gift card|variant weight unit|variant tax code|variant fulfillment service|cost per item|collection|tax code|weight unit for display|fulfillment service|unit price .*)$/;

const NAMES: ReadonlyMap<string, Column> = new Map(
  Object.entries(COLUMNS).flatMap(([column, aliases]) =>
    [column, ...aliases].map((name) => [name.toLowerCase(), column as Column] as const),
  ),
);

/** Which cell of a row is which. */
export interface Header {
  /** The header's own names, by cell. */
  readonly cells: readonly string[];
  readonly places: ReadonlyMap<Column, number>;
}

/** A column as the file calls it, for messages. */
export const nameIn = (header: Header, column: Column): string =>
  header.cells[header.places.get(column) ?? -1] ?? column;

function missing(cells: readonly string[], places: ReadonlyMap<Column, number>): string | null {
  const absent = REQUIRED.filter((column) => !places.has(column));
  if (absent.length === 0) return null;
  const found =
    cells.length === 1 ? ` Its only cell is ${quoted(cells[0] ?? '')}: cells must be separated by commas.` : '';
  return `The header (line 1) lacks ${absent.length === 1 ? 'the column' : 'the columns'} ${absent.join(', ')}.${found}`;
}

/** Reads the first row; `failure` says why the file can't be a Shopify product CSV. */
export function readHeader(row: readonly string[]): Header | { readonly failure: string } {
  const cells = row.map((cell) => cell.trim());
  const places = new Map<Column, number>();
  for (const [place, cell] of cells.entries()) {
    const column = NAMES.get(cell.toLowerCase());
    if (column && places.has(column)) return { failure: `The header (line 1) has the column ${column} twice.` };
    if (column) places.set(column, place);
  }
  const failure = missing(cells, places);
  return failure ? { failure } : { cells, places };
}

/** A word about each column that nobody will look at. */
export const unknownColumns = (header: Header, line: number): ImportProblem[] =>
  header.cells
    .filter((cell) => cell !== '' && !NAMES.has(cell.toLowerCase()) && !UNUSED.test(cell.toLowerCase()))
    .map((cell) => notice(line, cell, 'is not a column of a product CSV; it is ignored in all rows'));
