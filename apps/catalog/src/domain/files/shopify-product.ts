import { Image, ProductInput, type ImportProblem, type Variant } from '@stoa/catalog-contract';
import { quoted } from '../money.js';
import { faultsOf, normalise, URL_RULE, isUrl, variantFaults } from '../product.js';
import { refusedRow, type FileProduct, type FileSettings } from './entry.js';
import { unguarded } from './formula-guard.js';
import { nameIn, type Column, type Header } from './shopify-columns.js';
import {
  hasVariant,
  optionsIn,
  readVariant,
  RowCells,
  VARIANT_FIELDS,
  type Cells,
  type Fault,
  type OptionColumn,
} from './shopify-row.js';

export interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/** The rows of one product, as they follow each other in the file. */
export interface RowGroup {
  readonly handle: string;
  readonly rows: readonly CsvRow[];
  /** A row in between could not be read. */
  readonly isDamaged: boolean;
}

export interface ReadGroup {
  readonly product: FileProduct | null;
  readonly problems: readonly ImportProblem[];
  readonly rowsRefused: number;
}

interface Picture {
  readonly url: string;
  readonly alt: string | null;
  readonly position: number;
}

const ProductFields = ProductInput.omit({ variants: true, images: true });

const PRODUCT_COLUMNS: Readonly<Record<string, Column>> = {
  handle: 'Handle',
  title: 'Title',
  description: 'Body (HTML)',
  vendor: 'Vendor',
  category: 'Type',
  tags: 'Tags',
  active: 'Published',
  optionNames: 'Option1 Name',
  seo: 'SEO Title',
  images: 'Image Src',
};

/** "Apparel > Shirts": the last step is the category. */
const leafOf = (path: string): string => path.split('>').at(-1)?.trim() ?? '';

function isActive(cells: RowCells): boolean {
  const status = cells.text('Status').toLowerCase();
  if (!['', 'active', 'draft', 'archived'].includes(status)) {
    cells.refuse('Status', `must be active, draft or archived, not ${quoted(status)}`);
  }
  return cells.boolean('Published', true) && (status === '' || status === 'active');
}

/** Reads one product's rows. Wrong rows are left out one by one; a fault of the product itself refuses them all. */
export class ShopifyProduct {
  private readonly problems: ImportProblem[] = [];
  private readonly variants: Variant[] = [];
  private readonly variantLines: number[] = [];
  private readonly pictures: Picture[] = [];
  private readonly earlier = { skus: new Set<string>(), options: new Set<string>(), currency: '' };
  private readonly first: Cells;
  private readonly options: readonly OptionColumn[];
  private rowsRefused = 0;

  constructor(
    private readonly group: RowGroup,
    private readonly header: Header,
    private readonly settings: FileSettings,
  ) {
    this.first = this.cellsOf(group.rows[0]);
    const variantRows = group.rows.filter((row, index) => index === 0 || hasVariant(this.cellsOf(row)));
    this.options = optionsIn(this.first, variantRows.length);
  }

  read(): ReadGroup {
    for (const [index, row] of this.group.rows.entries()) this.readRow(row, index === 0);
    const line = this.group.rows[0]?.line ?? 1;
    const content = this.assemble(line);
    if (!content) return { product: null, problems: this.problems, rowsRefused: this.group.rows.length };
    const isWhole = this.rowsRefused === 0 && !this.group.isDamaged;
    const product = { content, line, variantLines: this.variantLines, isWhole };
    return { product, problems: this.problems, rowsRefused: this.rowsRefused };
  }

  private cellsOf(row: CsvRow | undefined): Cells {
    return (column) => unguarded(row?.cells[this.header.places.get(column) ?? -1]?.trim() ?? '');
  }

  private readRow(row: CsvRow, isFirst: boolean): void {
    const own = this.cellsOf(row);
    const cells = new RowCells(own, this.first);
    const variant = isFirst || hasVariant(own) ? this.readVariant(cells, own) : null;
    const picture = this.readPicture(cells, own);
    if (!variant && !picture && cells.faults.length === 0)
      cells.refuse(null, 'the row has neither a variant nor a picture');
    if (cells.faults.length > 0) {
      this.rowsRefused++;
      this.report(row.line, cells.faults);
      return;
    }
    if (variant) this.keep(variant, row.line);
    if (picture) this.pictures.push(picture);
  }

  private readVariant(cells: RowCells, own: Cells): Variant | null {
    const { handle } = this.group;
    const isTrackerKnown = this.header.places.has('Variant Inventory Tracker');
    const variant = readVariant(cells, own, this.first, {
      handle,
      options: this.options,
      currency: this.settings.currency,
      isTrackerKnown,
    });
    if (!variant) return null;
    const earlier = { ...this.earlier, currency: this.earlier.currency || variant.price.currency };
    const names = this.options.map(({ name }) => name);
    for (const { field, detail } of variantFaults(variant, names, earlier))
      cells.refuse(VARIANT_FIELDS[field] ?? null, detail);
    return variant;
  }

  private keep(variant: Variant, line: number): void {
    this.variants.push(variant);
    this.variantLines.push(line);
    this.earlier.skus.add(variant.sku);
    this.earlier.options.add(JSON.stringify(variant.options));
    this.earlier.currency ||= variant.price.currency;
  }

  private readPicture(cells: RowCells, own: Cells): Picture | null {
    const url = own('Image Src');
    if (url === '') return null;
    const image = { url, alt: own('Image Alt Text') || null };
    for (const { path, message } of Image.safeParse(image).error?.issues ?? []) {
      cells.refuse(path[0] === 'alt' ? 'Image Alt Text' : 'Image Src', message);
    }
    if (!isUrl(url)) cells.refuse('Image Src', URL_RULE);
    const position = own('Image Position');
    if (!/^\d*$/.test(position)) cells.refuse('Image Position', `must be a whole number, not ${quoted(position)}`);
    return { ...image, position: position ? Number(position) : this.pictures.length + 1 };
  }

  /** The product in normal form, or null: then its rows are refused with it. */
  private assemble(line: number): FileProduct['content'] | null {
    const cells = new RowCells(this.first, this.first);
    const fields = this.productFields(cells);
    const parsed = ProductFields.safeParse(fields);
    for (const { path, message } of parsed.error?.issues ?? [])
      cells.refuse(PRODUCT_COLUMNS[String(path[0])] ?? null, message);
    // Where each row was refused already, there is nothing to add.
    const isLeft = this.rowsRefused < this.group.rows.length;
    if (cells.faults.length === 0 && this.variants.length === 0 && isLeft) {
      cells.refuse(null, 'no row with a variant is left of it');
    }
    if (!parsed.data || cells.faults.length > 0 || this.variants.length === 0) {
      return this.refuseAll(line, cells.faults);
    }
    const images = this.pictures.toSorted((a, b) => a.position - b.position).map(({ url, alt }) => ({ url, alt }));
    const content = normalise({ ...parsed.data, variants: this.variants, images }, this.settings.library);
    const faults = faultsOf(content).map(({ pointer, detail }) => ({
      column: PRODUCT_COLUMNS[pointer.split('/')[1] ?? ''] ?? null,
      reason: detail,
    }));
    return faults.length > 0 ? this.refuseAll(line, faults) : content;
  }

  private productFields(cells: RowCells): object {
    const title = this.first('Title');
    if (title === '')
      cells.refuse('Title', "is empty; the product's first row needs it, and its other rows must follow at once");
    const seo = { title: this.first('SEO Title'), description: this.first('SEO Description') };
    return {
      handle: this.group.handle,
      title: title || this.group.handle,
      description: this.first('Body (HTML)'),
      vendor: this.first('Vendor'),
      category: this.first('Type') || leafOf(this.first('Product Category')),
      tags: this.first('Tags')
        .split(',')
        .map((tag) => tag.trim())
        .filter((tag) => tag !== ''),
      active: isActive(cells),
      optionNames: this.options.map(({ name }) => name),
      seo: seo.title || seo.description ? seo : null,
    };
  }

  private refuseAll(line: number, faults: readonly Fault[]): null {
    const others = this.group.rows.length - 1;
    const suffix = others > 0 ? ` (its ${others} other ${others === 1 ? 'row is' : 'rows are'} refused with it)` : '';
    this.report(
      line,
      faults.map(({ column, reason }) => ({ column, reason: reason + suffix })),
    );
    return null;
  }

  private report(line: number, faults: readonly Fault[]): void {
    for (const { column, reason } of faults) {
      this.problems.push(refusedRow(line, column && nameIn(this.header, column), this.group.handle, reason));
    }
  }
}
