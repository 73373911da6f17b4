import { Injectable } from '@nestjs/common';
import type { catalog } from '@stoa/catalog-contract';
import { MAX_HANDLE_LENGTH } from '@stoa/contract-kit';
import type { Handler } from '@stoa/messaging';
import { fits } from '@stoa/postgres';
import { z } from 'zod';
import { decodeCursor, encodeCursor } from '../domain/cursor.js';
import type { FileKind } from '../domain/files/file-start.js';
import { SHOPIFY_HEADER, shopifyRows } from '../domain/files/shopify-writer.js';
import type { Content } from '../domain/product.js';
import { ExportQueries, type ExportedPage } from '../storage/export-queries.js';

/** Characters of a part. In UTF-8 none takes more than 3 bytes of each, so that a part stays below 256 KiB. */
const MAX_PART = 85_000;

const FORMATS: Readonly<
  Record<FileKind, { contentType: string; header: string; write: (content: Content) => string }>
> = {
  shopify: { contentType: 'text/csv; charset=utf-8', header: SHOPIFY_HEADER, write: shopifyRows },
  ndjson: { contentType: 'application/x-ndjson', header: '', write: (content) => `${JSON.stringify(content)}\n` },
};

/**
 * Behind the product of this handle; or, with `written` above 0, within it: that many characters of this version are
 * out.
 */
const Place = z.tuple([z.string().max(MAX_HANDLE_LENGTH).refine(fits.text), z.int().min(0), z.int().min(0)]);
type Place = z.output<typeof Place>;

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdbff;

/** Where to cut a text so that no character is divided. */
const cutAt = (text: string, length: number): number =>
  isHighSurrogate(text.charCodeAt(length - 1)) ? length - 1 : length;

/**
 * Writes products until the part is full. One that is larger than a part has parts of its own.
 * @returns the part, and where the next one goes on; null after the last product.
 */
function writePart(
  { products, lastHandle, isLast }: ExportedPage,
  [, written]: Place,
  header: string,
  write: (content: Content) => string,
): { text: string; next: Place | null } {
  let text = header;
  let place: Place | null = null;
  for (const { content, version } of products) {
    const whole = write(content);
    const skipped = place ? 0 : written;
    const rest = whole.slice(skipped);
    if (text.length + rest.length > MAX_PART) {
      if (place) return { text, next: place };
      const cut = cutAt(rest, MAX_PART - text.length);
      return { text: text + rest.slice(0, cut), next: [content.handle, skipped + cut, version] };
    }
    text += rest;
    place = [content.handle, 0, 0];
  }
  return { text, next: isLast ? null : [lastHandle, 0, 0] };
}

/**
 * The whole catalog in parts. The parts are read one after the other, not from one snapshot: what changes during a
 * download is in it as it is when its turn comes.
 */
@Injectable()
export class ExportProducts implements Handler<typeof catalog.exportProducts> {
  constructor(private readonly products: ExportQueries) {}

  readonly handle: Handler<typeof catalog.exportProducts>['handle'] = async ({ format, cursor }, { fail }) => {
    const { contentType, header, write } = FORMATS[format];
    const query = ['export', format];
    const place = cursor === undefined ? (['', 0, 0] satisfies Place) : decodeCursor(query, cursor, Place);
    if (!place) return fail('BAD_CURSOR', 'The cursor is damaged, or comes from another export');
    const [handle, written, version] = place;
    const page = await this.products.page(handle, written > 0);
    const [first] = page.products;
    if (written > 0 && (first?.content.handle !== handle || first.version !== version)) {
      return fail('BAD_CURSOR', `The product ${handle} changed while it was being written; start the download again`);
    }
    const { text, next } = writePart(page, place, cursor === undefined ? header : '', write);
    return { contentType, chunk: text, next: next && encodeCursor(query, next) };
  };
}
