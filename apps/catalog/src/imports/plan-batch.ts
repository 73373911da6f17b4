import type { ImportProblem, Variant } from '@stoa/catalog-contract';
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

/** Why one variant of a file can't go in; null: it can. */
function variantFault(variant: Variant, handle: string, before: StoredProduct | null, owners: SkuOwners) {
  const owner = owners.otherOwner(variant.sku, handle);
  if (owner !== null) return `is the SKU ${variant.sku} of another product: ${owner}`;
  const reserved = before?.reserved.get(variant.sku) ?? 0;
  const hasEnough = variant.whenOutOfStock === 'continue' || variant.stock >= reserved;
  return hasEnough
    ? null
    : `has a stock of ${variant.stock}, less than the ${reserved} of ${variant.sku} that orders hold`;
}

/** Why the variants that are not in a file can't go; null: they can. */
function heldAndGone(before: StoredProduct | null, after: Content): string | null {
  const kept = new Set(after.variants.map(({ sku }) => sku));
  const [sku, reserved] = [...(before?.reserved ?? [])].find(([each]) => !kept.has(each)) ?? [];
  return sku === undefined ? null : `would lose the variant ${sku}, of which orders hold ${reserved}`;
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
  const faults = variants.map((variant) => variantFault(variant, handle, before, owners));
  const problems = faults.flatMap((reason, index) =>
    reason === null ? [] : [refusedRow(file.variantLines[index] ?? file.line, columnOf(kind, index), handle, reason)],
  );
  const kept = { ...file.content, variants: variants.filter((_, index) => faults[index] === null) };
  if (problems.length > 0 && (kind === 'ndjson' || kept.variants.length === 0)) {
    return { planned: null, refused: { problems, rows: kind === 'ndjson' ? 1 : problems.length } };
  }
  const remaining = problems.length > 0 ? { ...file, content: kept, isWhole: false } : file;
  const after = contentOf(remaining, before);
  const held = after && heldAndGone(before, after);
  if (after && held === null) {
    owners.settle(before?.content, after);
    return { planned: { file, before, after }, refused: { problems, rows: problems.length } };
  }
  const reason =
    held ?? "can't be changed in part: with the variants that it has already, its options or currencies would clash";
  return {
    planned: null,
    refused: { problems: [...problems, refusedRow(file.line, null, handle, reason)], rows: variants.length },
  };
}

/** True when there is something to write. */
export const isChange = ({ before, after }: Planned): boolean =>
  !before || !contentHash(before.content).equals(contentHash(after));
