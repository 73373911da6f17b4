import { Injectable } from '@nestjs/common';
import type { catalog } from '@stoa/catalog-contract';
import type { Handler } from '@stoa/messaging';
import { ProductQueries } from '../storage/product-queries.js';

@Injectable()
export class ListCategories implements Handler<typeof catalog.listCategories> {
  constructor(private readonly products: ProductQueries) {}

  readonly handle: Handler<typeof catalog.listCategories>['handle'] = async () => ({
    items: await this.products.categories(),
  });
}
