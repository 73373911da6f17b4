import { Injectable } from '@nestjs/common';
import type { catalog } from '@stoa/catalog-contract';
import type { Handler } from '@stoa/messaging';
import { faultsOf, normalise } from '../domain/product.js';
import { htmlLibrary } from '../html/library.js';
import { HandleTaken } from '../storage/product-writes.js';
import { productOf } from '../storage/stored-product.js';
import { saveAndPublish } from './save-and-publish.js';

@Injectable()
export class CreateProduct implements Handler<typeof catalog.createProduct> {
  readonly handle: Handler<typeof catalog.createProduct>['handle'] = async (input, context) => {
    const { now, fail, mintId } = context;
    const content = normalise(input, htmlLibrary);
    const faults = faultsOf(content);
    if (faults.length > 0) fail('BAD_PRODUCT', 'The product is at odds with itself', faults);
    const id = mintId();
    try {
      const { version } = await saveAndPublish(context, { id, before: null, after: content });
      return productOf({ id, version, createdAt: now, updatedAt: now, content, reserved: new Map() });
    } catch (error) {
      if (error instanceof HandleTaken) return fail('HANDLE_TAKEN', error.message);
      throw error;
    }
  };
}
