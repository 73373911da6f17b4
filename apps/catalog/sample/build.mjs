/** Writes catalog.ndjson and pictures/ from products.mjs and motifs.mjs: `node apps/catalog/sample/build.mjs`. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { picture } from './motifs.mjs';
import { palettes, products } from './products.mjs';

const here = import.meta.dirname;
const MAX_URL = 2_000;

const slug = (text) =>
  text
    .normalize('NFKD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');

/** An SVG as a URL, with no more escaped than a URL needs. */
const dataUrl = (svg) =>
  `data:image/svg+xml,${svg.trim().replaceAll('"', "'").replaceAll(/[%#<> ]/g, (char) => `%${char.codePointAt(0).toString(16)}`)}`;

/** Every combination of the options' values. */
const combinations = (options) =>
  Object.values(options).reduce((rows, values) => rows.flatMap((row) => values.map((value) => [...row, value])), [[]]);

/** A number that looks like chance and is the same each time. */
const stockOf = (text) => 3 + ([...text].reduce((sum, char) => (sum * 31 + char.codePointAt(0)) % 997, 7) % 60);

function variantsOf(handle, price, { options = {}, more = [], was, grams = 0, stock, whenOutOfStock = 'deny' }) {
  const [first = []] = Object.values(options);
  return combinations(options).map((values) => {
    const extra = values.length > 0 ? ([0, ...more][first.indexOf(values[0])] ?? 0) : 0;
    const sku = [handle, ...values.map(slug)].join('.').toUpperCase();
    const money = (amount) => ({ amount, currency: 'USD' });
    return {
      sku,
      title: values.join(' / ') || 'Default Title',
      options: values,
      price: money(price + extra),
      compareAtPrice: was ? money(was + extra) : null,
      stock: stock ?? stockOf(sku),
      whenOutOfStock,
      barcode: null,
      grams,
      taxable: true,
      requiresShipping: true,
      imageUrl: null,
    };
  });
}

const pictures = join(here, 'pictures');
rmSync(pictures, { recursive: true, force: true });
mkdirSync(pictures);
const lines = products.map(([title, category, vendor, [motif, palette], price, tags, description, rest]) => {
  const handle = slug(title);
  const svg = picture(motif, palettes[palette]);
  writeFileSync(join(pictures, `${handle}.svg`), svg);
  const url = dataUrl(svg);
  if (url.length > MAX_URL) throw new Error(`The picture of ${title} takes ${url.length} characters, more than ${MAX_URL}`);
  return JSON.stringify({
    handle,
    title,
    description: `<p>${description}</p>`,
    vendor,
    category,
    tags,
    active: true,
    optionNames: Object.keys(rest.options ?? {}),
    variants: variantsOf(handle, price, rest),
    images: [{ url, alt: title }],
    seo: null,
  });
});
writeFileSync(join(here, 'catalog.ndjson'), `${lines.join('\n')}\n`);
