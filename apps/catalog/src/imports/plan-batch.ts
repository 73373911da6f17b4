import type { ImportProblem } from '@stoa/catalog-contract';
import { refusedRow, type FileProduct } from '../domain/files/entry.js';
import type { FileKind } from '../domain/files/file-start.js';
import { contentHash, faultsOf, type Content } from '../domain/product.js';
import type { StoredProduct } from '../storage/stored-product.js';

/** One product of a file, with what the import makes of it. */
export interface Planned {
  readonly file: FileProduct;
  readonly before: StoredProduct | null;
  readonly after: Content;
}

/** Rows of a product that do not go in, and why. */
export interface Refused {
  readonly problems: readonly ImportProblem[];
  /** Rows, on top of those that were refused before. */
  readonly rows: number;
}

const columnOf = (kind: FileKind, index: number): string =>
  kind === 'shopify' ? 'Variant SKU' : `variants.${index}.sku`;

/**
 * A product of which rows were refused: what only those rows may have said stays as it is. A variant must not go
 * because its price has a typo.
 */
function withFormer(content: Content, before: Content | undefined): Content {
  if (!before) return content;
  const skus = new Set(content.variants.map(({ sku }) => sku));
  const urls = new Set(content.images.map(({ url }) => url));
  return {
    ...content,
    variants: [...content.variants, ...before.variants.filter(({ sku }) => !skus.has(sku))],
    images: [...content.images, ...before.images.filter(({ url }) => !urls.has(url))],
  };
}

/** The content that a product gets; null when it would be at odds with itself. */
function contentOf({ content, isWhole }: FileProduct, before: StoredProduct | null): Content | null {
  const after = isWhole ? content : withFormer(content, before?.content);
  return isWhole || faultsOf(after).length === 0 ? after : null;
}

/**
 * Who sells a SKU while a batch is planned: as the database says, but for what earlier products of the batch gave up or
 * took.
 */
export class SkuOwners {
  constructor(private readonly owners: Map<string, string>) {}

  otherOwner(sku: string, handle: string): string | null {
    const owner = this.owners.get(sku);
    return owner === undefined || owner === handle ? null : owner;
  }

  settle(before: Content | undefined, after: Content): void {
    for (const { sku } of before?.variants ?? []) this.owners.delete(sku);
    for (const { sku } of after.variants) this.owners.set(sku, after.handle);
  }
}

/**
 * Plans one product: leaves out the variants whose SKU another product sells (of NDJSON, where a row is a product, all
 * of it), and gives what is then to be written, or null when nothing is left.
 */
export function planProduct(
  file: FileProduct,
  before: StoredProduct | null,
  owners: SkuOwners,
  kind: FileKind,
): { readonly planned: Planned | null; readonly refused: Refused } {
  const { handle, variants } = file.content;
  const problems = variants.flatMap(({ sku }, index) => {
    const owner = owners.otherOwner(sku, handle);
    if (owner === null) return [];
    const reason = `is the SKU ${sku} of another product: ${owner}`;
    return [refusedRow(file.variantLines[index] ?? file.line, columnOf(kind, index), handle, reason)];
  });
  const isKept = (sku: string): boolean => owners.otherOwner(sku, handle) === null;
  const kept = { ...file.content, variants: variants.filter(({ sku }) => isKept(sku)) };
  if (problems.length > 0 && (kind === 'ndjson' || kept.variants.length === 0)) {
    return { planned: null, refused: { problems, rows: kind === 'ndjson' ? 1 : problems.length } };
  }
  const remaining = problems.length > 0 ? { ...file, content: kept, isWhole: false } : file;
  const after = contentOf(remaining, before);
  if (after) {
    owners.settle(before?.content, after);
    return { planned: { file, before, after }, refused: { problems, rows: problems.length } };
  }
  const reason =
    "can't be changed in part: with the variants that it has already, its options or currencies would clash";
  return {
    planned: null,
    refused: { problems: [...problems, refusedRow(file.line, null, handle, reason)], rows: variants.length },
  };
}

/** True when there is something to write. */
export const isChange = ({ before, after }: Planned): boolean =>
  !before || !contentHash(before.content).equals(contentHash(after));
