import type { ImportProblem } from '@stoa/catalog-contract';
import type { HtmlLibrary } from '../html.js';
import type { Content } from '../product.js';
import type { Place } from './lines.js';

/** The settings with which a Shopify file is read. */
export interface FileSettings {
  /** Of prices whose row names none. */
  readonly currency: string;
  readonly library: HtmlLibrary;
}

/** A product of a file, in normal form and without fault as far as the file alone can show. */
export interface FileProduct {
  readonly content: Content;
  readonly line: number;
  /** The line and the column of the SKU of each variant, in their order. */
  readonly variantLines: readonly number[];
  /** False when rows of it were refused: then what the file does not say about the product is not gone. */
  readonly isWhole: boolean;
}

/** One place of a file: a product, or why there is none. */
export interface Entry {
  readonly product: FileProduct | null;
  readonly problems: readonly ImportProblem[];
  /** Rows that are not in `product`. */
  readonly rowsRefused: number;
  /** How many rows it takes, refused ones and pictures included. */
  readonly rows: number;
  /** Where the next entry begins: a reading that stopped can go on there. */
  readonly end: Place;
}

/** Characters: what a file has in the place of a name may be as long as the file. */
const MAX_NAME = 255;
const MAX_REASON = 1_000;

const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
const cutName = (name: string | null): string | null => name && cut(name, MAX_NAME);

/** A row that did not go in. */
export const refusedRow = (
  line: number,
  column: string | null,
  product: string | null,
  reason: string,
): ImportProblem => ({
  line,
  column: cutName(column),
  product: cutName(product),
  reason: cut(reason, MAX_REASON),
  refused: true,
});

/** A place of the file that is only mentioned. */
export const notice = (line: number, column: string, reason: string): ImportProblem => ({
  ...refusedRow(line, column, null, reason),
  refused: false,
});
