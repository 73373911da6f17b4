import { MAX_GRAMS, Variant } from '@stoa/catalog-contract';
import type { Price } from '@stoa/contract-kit';
import { exponentOf, isCurrency, parsePrice, quoted } from '../money.js';
import { DEFAULT_VARIANT_TITLE, titleOf } from '../product.js';
import { generatedSku } from '../sku.js';
import type { Column } from './shopify-columns.js';

/** Why a row is refused. */
export interface Fault {
  readonly column: Column | null;
  readonly reason: string;
}

/** One row's cells by column, trimmed. Cells that are empty, and columns that are not in the file, read as ''. */
export type Cells = (column: Column) => string;

/**
 * Reads typed cells of one row and gathers what is wrong with them. Empty cells fall back on the product's first row.
 */
export class RowCells {
  readonly faults: Fault[] = [];

  constructor(
    private readonly own: Cells,
    private readonly first: Cells,
  ) {}

  refuse(column: Column | null, reason: string): void {
    this.faults.push({ column, reason });
  }

  text(column: Column): string {
    return this.own(column) || this.first(column);
  }

  boolean(column: Column, fallback: boolean): boolean {
    const text = this.text(column).toLowerCase();
    if (text === '') return fallback;
    if (text !== 'true' && text !== 'false') this.refuse(column, `must be TRUE or FALSE, not ${quoted(text)}`);
    return text === 'true';
  }

  /** A whole number, with its sign. */
  integer(column: Column): number {
    const text = this.own(column);
    if (text === '') return 0;
    if (/^[+-]?\d+(?:\.0+)?$/.test(text)) return Number.parseInt(text, 10);
    this.refuse(column, `must be a whole number, not ${quoted(text)}`);
    return 0;
  }

  /** Weights in pounds come as broken grams: rounded. */
  grams(): number {
    const text = this.text('Variant Grams');
    const grams = text === '' ? 0 : Math.round(Number(text));
    if (/^(?:\d+(?:\.\d+)?)?$/.test(text) && grams <= MAX_GRAMS) return grams;
    this.refuse('Variant Grams', `must be a weight in grams, not ${quoted(text)}`);
    return 0;
  }

  price(column: Column, text: string, currency: string): Price | null {
    if (text === '') return null;
    const price = parsePrice(text, currency);
    if (!('reason' in price)) return price;
    this.refuse(column, price.reason);
    return null;
  }
}

export interface OptionColumn {
  readonly name: string;
  readonly value: Column;
}

const OPTION_COLUMNS = [
  ['Option1 Name', 'Option1 Value'],
  ['Option2 Name', 'Option2 Value'],
  ['Option3 Name', 'Option3 Value'],
] as const;

const VARIANT_COLUMNS: readonly Column[] = [
  'Option1 Value',
  'Option2 Value',
  'Option3 Value',
  'Variant SKU',
  'Variant Price',
];

/** The options of a product as its first row names them; none for Shopify's way to write a product that has none. */
export function optionsIn(first: Cells, variantRows: number): OptionColumn[] {
  const named = OPTION_COLUMNS.filter(([name]) => first(name) !== '');
  const isTitleOnly = named.length === 1 && first('Option1 Name') === 'Title';
  const isBare = variantRows === 1 && isTitleOnly && first('Option1 Value') === DEFAULT_VARIANT_TITLE;
  return isBare ? [] : named.map(([name, value]) => ({ name: first(name), value }));
}

/** A row that only adds a picture says nothing of a variant. */
export const hasVariant = (own: Cells): boolean => VARIANT_COLUMNS.some((column) => own(column) !== '');

function optionValues(cells: RowCells, options: readonly OptionColumn[]): string[] {
  return options.map(({ name, value }) => {
    const text = cells.text(value);
    if (text === '') cells.refuse(value, `is empty, but the product has the option ${quoted(name)}`);
    return text;
  });
}

function unnamedOptions(cells: RowCells, own: Cells, options: readonly OptionColumn[]): void {
  for (const [name, value] of OPTION_COLUMNS) {
    const isNamed = options.some((option) => option.value === value);
    if (!isNamed && own(value) !== '' && own(value) !== DEFAULT_VARIANT_TITLE) {
      cells.refuse(value, `has the value ${quoted(own(value))}, but the product's first row gives no ${name}`);
    }
  }
}

function prices(
  cells: RowCells,
  own: Cells,
  first: Cells,
  fileCurrency: string,
): { price: Price; compareAtPrice: Price | null } {
  const currency = cells.text('Variant Price Currency') || fileCurrency;
  if (!isCurrency(currency)) cells.refuse('Variant Price Currency', `is not a currency: ${quoted(currency)}`);
  const nothing = { amount: 0, currency };
  // The two belong together: a row that has a price of its own does not inherit what it is compared with.
  const source = own('Variant Price') ? own : first;
  const written = source('Variant Price');
  if (written === '')
    cells.refuse('Variant Price', `is empty; it needs a price such as ${(9).toFixed(exponentOf(currency))}`);
  const price = cells.price('Variant Price', written, currency) ?? nothing;
  return {
    price,
    compareAtPrice: cells.price('Variant Compare At Price', source('Variant Compare At Price'), currency),
  };
}

/**
 * Whether a variant is sold when the stock is used up. Shopify sells without end what no tracker counts, whatever the
 * policy says.
 */
function whenOutOfStock(cells: RowCells, isTrackerKnown: boolean): 'deny' | 'continue' {
  const policy = cells.text('Variant Inventory Policy').toLowerCase();
  if (policy !== '' && policy !== 'deny' && policy !== 'continue') {
    cells.refuse('Variant Inventory Policy', `must be deny or continue, not ${quoted(policy)}`);
  }
  const isTracked = !isTrackerKnown || cells.text('Variant Inventory Tracker') !== '';
  return isTracked && policy !== 'continue' ? 'deny' : 'continue';
}

// Shopify writes an apostrophe in front of what a spreadsheet would take for a number.
const withoutApostrophe = (text: string): string => text.replace(/^'/, '');

/** The fields of a variant by the columns that they come from. */
export const VARIANT_FIELDS: Readonly<Record<string, Column>> = {
  sku: 'Variant SKU',
  title: 'Variant Title',
  options: 'Option1 Value',
  price: 'Variant Price',
  compareAtPrice: 'Variant Compare At Price',
  stock: 'Variant Inventory Qty',
  whenOutOfStock: 'Variant Inventory Policy',
  barcode: 'Variant Barcode',
  grams: 'Variant Grams',
  taxable: 'Variant Taxable',
  requiresShipping: 'Variant Requires Shipping',
  imageUrl: 'Variant Image',
};

export interface VariantRules {
  readonly handle: string;
  readonly options: readonly OptionColumn[];
  /** Of prices in rows that name none. */
  readonly currency: string;
  /** The file has the column Variant Inventory Tracker. */
  readonly isTrackerKnown: boolean;
}

/** The variant of a row, or null with the faults gathered in `cells`. */
export function readVariant(cells: RowCells, own: Cells, first: Cells, rules: VariantRules): Variant | null {
  const options = optionValues(cells, rules.options);
  unnamedOptions(cells, own, rules.options);
  const input = {
    sku: withoutApostrophe(own('Variant SKU')) || generatedSku(rules.handle, options),
    title: own('Variant Title') || titleOf(options),
    options,
    ...prices(cells, own, first, rules.currency),
    stock: cells.integer('Variant Inventory Qty'),
    whenOutOfStock: whenOutOfStock(cells, rules.isTrackerKnown),
    barcode: withoutApostrophe(own('Variant Barcode')) || null,
    grams: cells.grams(),
    taxable: cells.boolean('Variant Taxable', true),
    requiresShipping: cells.boolean('Variant Requires Shipping', true),
    imageUrl: own('Variant Image') || null,
  };
  if (cells.faults.length > 0) return null;
  const parsed = Variant.safeParse(input);
  for (const { path, message } of parsed.error?.issues ?? [])
    cells.refuse(VARIANT_FIELDS[String(path[0])] ?? null, message);
  return parsed.data ?? null;
}
