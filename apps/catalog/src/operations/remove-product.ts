import { Injectable } from '@nestjs/common';
import type { catalog } from '@stoa/catalog-contract';
import type { Handler } from '@stoa/messaging';
import { lockProduct } from '../storage/load-products.js';
import { checkVersion } from './change-stored.js';
import { saveAndPublish } from './save-and-publish.js';

@Injectable()
export class RemoveProduct implements Handler<typeof catalog.removeProduct> {
  readonly handle: Handler<typeof catalog.removeProduct>['handle'] = async ({ handle }, context) => {
    const { tx, fail } = context;
    const before = (await lockProduct(tx, handle)) ?? fail('NOT_FOUND', `No product ${handle}`);
    checkVersion(context, before);
    await saveAndPublish(context, { id: before.id, before, after: null });
    return {};
  };
}
