import { Injectable } from '@nestjs/common';
import type { catalog } from '@stoa/catalog-contract';
import type { Handler } from '@stoa/messaging';
import { faultsOf, normalise } from '../domain/product.js';
import { htmlLibrary } from '../html/library.js';
import { HandleTaken } from '../storage/product-writes.js';
import { saveProducts } from '../storage/save-products.js';
import { productOf } from '../storage/stored-product.js';
import { SkuTaken } from '../storage/variant-writes.js';
import { publishSaved } from './publish-saved.js';

@Injectable()
export class CreateProduct implements Handler<typeof catalog.createProduct> {
  readonly handle: Handler<typeof catalog.createProduct>['handle'] = async (input, context) => {
    const { tx, now, fail, mintId } = context;
    const content = normalise(input, htmlLibrary);
    const faults = faultsOf(content);
    if (faults.length > 0) fail('BAD_PRODUCT', 'The product is at odds with itself', faults);
    const id = mintId();
    try {
      const [saved] = await saveProducts(tx, [{ id, before: null, after: content }], now);
      if (!saved) throw new Error('saving a product answered nothing');
      await publishSaved(context, saved);
      return productOf({ id, version: saved.version, createdAt: now, updatedAt: now, content });
    } catch (error) {
      if (error instanceof HandleTaken) return fail('HANDLE_TAKEN', error.message);
      if (error instanceof SkuTaken) return fail('SKU_TAKEN', error.message);
      throw error;
    }
  };
}
