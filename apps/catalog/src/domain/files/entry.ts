import type { ImportProblem } from '@stoa/catalog-contract';
import type { HtmlLibrary } from '../html.js';
import type { Content } from '../product.js';
import type { Place } from './lines.js';

/** What reading a Shopify file depends on, besides the file. */
export interface FileSettings {
  /** Of prices whose row names none. */
  readonly currency: string;
  readonly library: HtmlLibrary;
}

/** A product of a file, in normal form and without fault as far as the file alone can tell. */
export interface FileProduct {
  readonly content: Content;
  readonly line: number;
  /** The line and the column of the SKU of each variant, in their order. */
  readonly variantLines: readonly number[];
  /** False when rows of it were refused: then what the file does not say about the product is not gone. */
  readonly isWhole: boolean;
}

/** What a file says at one place: a product, or why there is none. */
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

export const refusal = (
  line: number,
  column: string | null,
  product: string | null,
  reason: string,
): ImportProblem => ({ line, column, product, reason, refused: true });

export const notice = (line: number, column: string, reason: string): ImportProblem => ({
  line,
  column,
  product: null,
  reason,
  refused: false,
});
