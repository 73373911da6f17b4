import type { catalog, Product } from '@stoa/catalog-contract';
import type { CommandContext } from '@stoa/messaging';
import { faultsOf, type Content } from '../domain/product.js';
import { SkuTaken } from '../storage/variant-writes.js';
import { saveProducts } from '../storage/save-products.js';
import { productOf, type StoredProduct } from '../storage/stored-product.js';
import { publishSaved } from './publish-saved.js';

type ChangeContext = CommandContext<typeof catalog.changeProduct>;

/** Refuses with STALE_VERSION when the caller saw another version than the one that stands. */
export function checkVersion(
  { expectedVersion, fail }: Pick<ChangeContext, 'expectedVersion' | 'fail'>,
  { version }: StoredProduct,
): void {
  if (expectedVersion === undefined || expectedVersion === version) return;
  fail('STALE_VERSION', `The product is at version ${version}, not ${expectedVersion}`);
}

/** Saves a locked product's new content (in normal form), publishes it, and answers with the product. */
export async function changeStored(context: ChangeContext, before: StoredProduct, after: Content): Promise<Product> {
  const { tx, now, fail } = context;
  const faults = faultsOf(after);
  if (faults.length > 0) fail('BAD_PRODUCT', 'The product would be at odds with itself', faults);
  try {
    const [saved] = await saveProducts(tx, [{ id: before.id, before, after }], now);
    if (!saved) throw new Error('saving a product answered nothing');
    await publishSaved(context, saved);
    return productOf({ ...before, content: after, version: saved.version, updatedAt: now });
  } catch (error) {
    if (error instanceof SkuTaken) return fail('SKU_TAKEN', error.message);
    throw error;
  }
}
