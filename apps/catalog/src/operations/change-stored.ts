import type { catalog, Product } from '@stoa/catalog-contract';
import type { CommandContext } from '@stoa/messaging';
import { faultsOf, type Content } from '../domain/product.js';
import { productOf, type StoredProduct } from '../storage/stored-product.js';
import { saveAndPublish } from './save-and-publish.js';

type ChangeContext = CommandContext<typeof catalog.changeProduct>;

/** Fails with STALE_VERSION when the caller saw another version than the present one. */
export function checkVersion(
  { expectedVersion, fail }: Pick<ChangeContext, 'expectedVersion' | 'fail'>,
  { version }: StoredProduct,
): void {
  if (expectedVersion === undefined || expectedVersion === version) return;
  fail('STALE_VERSION', `The product is at version ${version}, not ${expectedVersion}`);
}

/** Saves a locked product's new content (in normal form), and publishes it. @returns the product */
export async function changeStored(context: ChangeContext, before: StoredProduct, after: Content): Promise<Product> {
  const { now, fail } = context;
  const faults = faultsOf(after);
  if (faults.length > 0) fail('BAD_PRODUCT', 'The product would be at odds with itself', faults);
  const { version } = await saveAndPublish(context, { id: before.id, before, after });
  return productOf({ ...before, content: after, version, updatedAt: now });
}
