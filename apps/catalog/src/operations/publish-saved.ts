import { catalog } from '@stoa/catalog-contract';
import type { CommandContext } from '@stoa/messaging';
import type { SavedProduct } from '../storage/save-products.js';

type Publisher = Pick<CommandContext<typeof catalog.createProduct>, 'publish' | 'retract'>;

/** Publishes what became of a product: for caches that it changed, for other services the states of its variants. */
export async function publishSaved({ publish, retract }: Publisher, saved: SavedProduct): Promise<void> {
  const { handle, version, isRemoved, states } = saved;
  for (const { sku, version: stateVersion, state } of states) {
    if (state) await publish(catalog.variant, stateVersion, state);
    else await retract(catalog.variant, stateVersion, sku);
  }
  await publish(isRemoved ? catalog.productRemoved : catalog.productChanged, version, { handle, version });
}
