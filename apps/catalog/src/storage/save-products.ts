import type { Sql } from '@stoa/postgres';
import { lessReserved, type Content } from '../domain/product.js';
import { changedStates, type VariantState } from '../domain/variant-state.js';
import { countCategories } from './categories.js';
import { insertProducts, removeProducts, updateProducts } from './product-writes.js';
import type { StoredProduct } from './stored-product.js';
import { retire, takeBackVersions } from './retired-versions.js';
import { settleStock } from './stock/settle-stock.js';
import type { MovementOrigin } from './stock/movements.js';
import { deleteVariants, upsertVariants, type VariantWrite } from './variant-writes.js';

/** A change of a product: new (nothing before), changed, or removed (nothing after). */
export interface ProductChange {
  readonly id: string;
  /** As it was locked in this transaction. */
  readonly before: StoredProduct | null;
  readonly after: Content | null;
}

/** A variant's state to publish; null: it is not sold any more. */
export interface SavedState {
  readonly sku: string;
  readonly version: number;
  readonly state: VariantState | null;
}

/** A saved product, and the states of its variants to be published. */
export interface SavedProduct {
  readonly handle: string;
  readonly version: number;
  readonly isRemoved: boolean;
  readonly states: readonly SavedState[];
}

interface Plan {
  readonly change: ProductChange;
  readonly handle: string;
  readonly states: ReadonlyMap<string, VariantState | null>;
  readonly reserved: ReadonlyMap<string, number>;
  /** Versions by SKU, of the variants that go and of those that stay. */
  readonly versions: Map<string, number>;
  readonly gone: readonly string[];
  version: number;
}

function planOf(change: ProductChange): Plan {
  const { before, after } = change;
  const reserved = before?.reserved ?? new Map<string, number>();
  const shown = (content: Content | null | undefined) => (content ? lessReserved(content, reserved) : null);
  const states = changedStates(shown(before?.content), shown(after));
  const kept = new Set(after?.variants.map(({ sku }) => sku));
  const versions = new Map(before?.variantVersions);
  for (const { sku } of after?.variants ?? []) versions.set(sku, versions.get(sku) ?? 0);
  for (const sku of states.keys()) versions.set(sku, (versions.get(sku) ?? 0) + 1);
  return {
    change,
    handle: after?.handle ?? before?.content.handle ?? '',
    states,
    reserved,
    versions,
    gone: [...(before?.variantVersions.keys() ?? [])].filter((sku) => !kept.has(sku)),
    version: (before?.version ?? 0) + 1,
  };
}

/** The variants that are not in the database as they should be. */
function variantWrites({ change, versions, states }: Plan, stockOf: ReadonlyMap<string, number>): VariantWrite[] {
  const before = new Map(
    change.before?.content.variants.map((variant, position) => [variant.sku, JSON.stringify([position, variant])]),
  );
  return (change.after?.variants ?? [])
    .map((variant, position) => ({ variant, position, productId: change.id, version: versions.get(variant.sku) ?? 0 }))
    .filter(
      ({ variant, position }) =>
        states.has(variant.sku) || before.get(variant.sku) !== JSON.stringify([position, variant]),
    )
    .map((write) => ({
      ...write,
      variant: { ...write.variant, stock: stockOf.get(write.variant.sku) ?? write.variant.stock },
    }));
}

/** New products and variants go on with the versions at which the removed ones of the same names stopped. */
async function continueVersions(tx: Sql, plans: readonly Plan[]): Promise<void> {
  const fresh = plans.filter(({ change }) => !change.before && change.after);
  const isNew = (plan: Plan, sku: string): boolean => !plan.change.before?.variantVersions.has(sku);
  const newSkus = new Map(
    plans.flatMap((plan) =>
      (plan.change.after?.variants ?? []).filter(({ sku }) => isNew(plan, sku)).map(({ sku }) => [sku, plan] as const),
    ),
  );
  if (fresh.length === 0 && newSkus.size === 0) return;
  const handles = new Map(fresh.map((plan) => [plan.handle, plan]));
  const taken = await takeBackVersions(tx, [...handles.keys()], [...newSkus.keys()]);
  for (const { kind, key, version } of taken) {
    const product = handles.get(key);
    const variants = newSkus.get(key)?.versions;
    if (kind === 'product' && product) product.version += version;
    else variants?.set(key, (variants.get(key) ?? 0) + version);
  }
}

const savedOf = ({ change, handle, version, versions, states }: Plan): SavedProduct => ({
  handle,
  version,
  isRemoved: !change.after,
  states: [...states].map(([sku, state]) => ({ sku, state, version: versions.get(sku) ?? 1 })),
});

/**
 * Writes any number of products with one statement per kind of row, and says what is to be published. The versions come
 * from rows that the transaction holds: of the locked products, and of those that it inserts.
 * @param origin what the history of stock says of it
 * @throws HandleTaken, SkuTaken, StockHeld: nothing of the transaction must be committed then.
 */
export async function saveProducts(
  tx: Sql,
  changes: readonly ProductChange[],
  now: Date,
  origin: Omit<MovementOrigin, 'at'>,
): Promise<SavedProduct[]> {
  const plans = changes.map(planOf);
  const of = (is: (plan: Plan) => boolean): Plan[] => plans.filter(is);
  const created = of(({ change }) => !change.before && change.after !== null);
  const changed = of(({ change }) => change.before !== null && change.after !== null);
  const removed = of(({ change }) => change.before !== null && !change.after);

  const stockOf = await settleStock(tx, changes, { ...origin, at: now });
  await retire(
    tx,
    'variant',
    plans.flatMap(({ gone, versions }) => gone.map((sku) => [sku, versions.get(sku) ?? 0])),
  );
  await deleteVariants(
    tx,
    plans.flatMap(({ gone }) => gone),
  );
  await insertProducts(
    tx,
    created.map(({ change, version, reserved }) => ({ ...change, version, reserved })),
    now,
  );
  await updateProducts(
    tx,
    changed.map(({ change, version, reserved }) => ({ ...change, version, reserved })),
    now,
  );
  await upsertVariants(
    tx,
    plans.flatMap((plan) => variantWrites(plan, stockOf)),
  );
  await continueVersions(tx, plans);
  await retire(
    tx,
    'product',
    removed.map(({ handle, version }) => [handle, version]),
  );
  await removeProducts(
    tx,
    removed.map(({ change }) => change.id),
  );
  await countCategories(
    tx,
    changes.map(({ before, after }) => [before?.content ?? null, after]),
  );
  return plans.map(savedOf);
}
