import { Injectable } from '@nestjs/common';
import type { catalog } from '@stoa/catalog-contract';
import type { Handler } from '@stoa/messaging';
import { normalise } from '../domain/product.js';
import { htmlLibrary } from '../html/library.js';
import { handleOfSku, lockProduct } from '../storage/load-products.js';
import { changeStored } from './change-stored.js';

@Injectable()
export class ChangePrice implements Handler<typeof catalog.changePrice> {
  readonly handle: Handler<typeof catalog.changePrice>['handle'] = async (input, context) => {
    const { sku, price, compareAtPrice } = input;
    const { tx, fail } = context;
    const handle = await handleOfSku(tx, sku);
    const before = handle === undefined ? undefined : await lockProduct(tx, handle);
    // Asked again under the lock: the variant may have gone to another product in between.
    if (!before?.variantVersions.has(sku)) return fail('NOT_FOUND', `No variant ${sku}`);
    const variants = before.content.variants.map((variant) =>
      variant.sku === sku
        ? { ...variant, price, compareAtPrice: compareAtPrice === undefined ? variant.compareAtPrice : compareAtPrice }
        : variant,
    );
    return changeStored(context, before, normalise({ ...before.content, variants }, htmlLibrary));
  };
}
