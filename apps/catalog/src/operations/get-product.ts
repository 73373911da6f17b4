import { Injectable } from '@nestjs/common';
import type { catalog } from '@stoa/catalog-contract';
import type { Handler } from '@stoa/messaging';
import { ProductQueries } from '../storage/product-queries.js';

@Injectable()
export class GetProduct implements Handler<typeof catalog.getProduct> {
  constructor(private readonly products: ProductQueries) {}

  // Inactive products are hidden from operators too: responses are cached for everybody.
  readonly handle: Handler<typeof catalog.getProduct>['handle'] = async ({ handle }, { fail }) =>
    (await this.products.find(handle)) ?? fail('NOT_FOUND', `No product ${handle}`);
}
