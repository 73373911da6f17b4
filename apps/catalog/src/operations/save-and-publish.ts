import { catalog } from '@stoa/catalog-contract';
import type { CommandContext } from '@stoa/messaging';
import { saveProducts, type ProductChange, type SavedProduct } from '../storage/save-products.js';
import { SkuTaken } from '../storage/variant-writes.js';

type Publisher = Pick<CommandContext<typeof catalog.removeProduct>, 'publish' | 'retract'>;
type Saver = Publisher &
  Pick<CommandContext<typeof catalog.removeProduct>, 'tx' | 'now'> & { fail(code: 'SKU_TAKEN', detail: string): never };

/** Publishes a product's change: for caches that it changed, for other services the states of its variants. */
export async function publishSaved({ publish, retract }: Publisher, saved: SavedProduct): Promise<void> {
  const { handle, version, isRemoved, states } = saved;
  for (const { sku, version: stateVersion, state } of states) {
    if (state) await publish(catalog.variant, stateVersion, state);
    else await retract(catalog.variant, stateVersion, sku);
  }
  await publish(isRemoved ? catalog.productRemoved : catalog.productChanged, version, { handle, version });
}

/**
 * Saves one product and publishes it. Fails with SKU_TAKEN when another product has one of its SKUs.
 * @throws HandleTaken when a new product's handle is another's
 */
export async function saveAndPublish(context: Saver, change: ProductChange): Promise<SavedProduct> {
  try {
    const [saved] = await saveProducts(context.tx, [change], context.now);
    if (!saved) throw new Error('saving a product gave nothing');
    await publishSaved(context, saved);
    return saved;
  } catch (error) {
    if (error instanceof SkuTaken) return context.fail('SKU_TAKEN', error.message);
    throw error;
  }
}
