import { formatPrice } from '../money.js';
import { DEFAULT_VARIANT_TITLE, titleOf, type Content } from '../product.js';
import { guarded } from './formula-guard.js';
import { EXPORTED_COLUMNS, type Column } from './shopify-columns.js';

type Cells = Partial<Record<Column, string>>;

const cellOf = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Our own number, which may be negative: guarded, Shopify would refuse it. */
const isNumber = (column: Column): boolean => column === 'Variant Inventory Qty';

const lineOf = (cells: Cells): string =>
  `${EXPORTED_COLUMNS.map((column) => {
    const text = cells[column] ?? '';
    return cellOf(isNumber(column) ? text : guarded(text));
  }).join(',')}\n`;

/** An import takes one apostrophe off these, as Shopify's own puts it there. */
const withApostrophe = (text: string): string => (text.startsWith("'") ? `'${text}` : text);

const OPTION_COLUMNS = [
  ['Option1 Name', 'Option1 Value'],
  ['Option2 Name', 'Option2 Value'],
  ['Option3 Name', 'Option3 Value'],
] as const satisfies readonly (readonly [Column, Column])[];

function productCells({ title, description, vendor, category, tags, active, seo, optionNames }: Content): Cells {
  const names = optionNames.length > 0 ? optionNames : ['Title'];
  return {
    Title: title,
    'Body (HTML)': description,
    Vendor: vendor,
    Type: category,
    Tags: tags.join(', '),
    Published: active ? 'TRUE' : 'FALSE',
    Status: active ? 'active' : 'draft',
    'SEO Title': seo?.title ?? '',
    'SEO Description': seo?.description ?? '',
    ...Object.fromEntries(OPTION_COLUMNS.map(([name], index) => [name, names[index] ?? ''])),
  };
}

function variantCells(variant: Content['variants'][number] | undefined): Cells {
  if (!variant) return {};
  const values = variant.options.length > 0 ? variant.options : [DEFAULT_VARIANT_TITLE];
  const { price, compareAtPrice } = variant;
  return {
    ...Object.fromEntries(OPTION_COLUMNS.map(([, value], index) => [value, values[index] ?? ''])),
    'Variant SKU': withApostrophe(variant.sku),
    'Variant Grams': String(variant.grams),
    'Variant Inventory Tracker': 'shopify',
    'Variant Inventory Qty': String(variant.stock),
    'Variant Inventory Policy': variant.whenOutOfStock,
    'Variant Price': formatPrice(price),
    'Variant Compare At Price': compareAtPrice ? formatPrice(compareAtPrice) : '',
    'Variant Requires Shipping': variant.requiresShipping ? 'TRUE' : 'FALSE',
    'Variant Taxable': variant.taxable ? 'TRUE' : 'FALSE',
    'Variant Barcode': withApostrophe(variant.barcode ?? ''),
    'Variant Image': variant.imageUrl ?? '',
    'Variant Title': variant.title === titleOf(variant.options) ? '' : variant.title,
    'Variant Price Currency': price.currency,
  };
}

function imageCells(image: Content['images'][number] | undefined, index: number): Cells {
  return image
    ? { 'Image Src': image.url, 'Image Position': String(index + 1), 'Image Alt Text': image.alt ?? '' }
    : {};
}

/** The first line of an exported CSV. */
export const SHOPIFY_HEADER = `${EXPORTED_COLUMNS.map(cellOf).join(',')}\n`;

/** The rows of a product: the nth variant and the nth picture share the nth row. */
export function shopifyRows(content: Content): string {
  const rows = Math.max(content.variants.length, content.images.length);
  return Array.from({ length: rows }, (_, index) =>
    lineOf({
      Handle: content.handle,
      ...(index === 0 && productCells(content)),
      ...variantCells(content.variants[index]),
      ...imageCells(content.images[index], index),
    }),
  ).join('');
}
