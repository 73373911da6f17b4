import { Injectable } from '@nestjs/common';
import type { catalog } from '@stoa/catalog-contract';
import type { Handler } from '@stoa/messaging';
import { normalise, type Content } from '../domain/product.js';
import { htmlLibrary } from '../html/library.js';
import { lockProduct } from '../storage/load-products.js';
import { changeStored, checkVersion } from './change-stored.js';

@Injectable()
export class ChangeProduct implements Handler<typeof catalog.changeProduct> {
  readonly handle: Handler<typeof catalog.changeProduct>['handle'] = async (input, context) => {
    const { handle, ...changes } = input;
    const before = (await lockProduct(context.tx, handle)) ?? context.fail('NOT_FOUND', `No product ${handle}`);
    checkVersion(context, before);
    const given = Object.fromEntries(
      Object.entries(changes).filter(([, value]) => value !== undefined),
    ) as Partial<Content>;
    return changeStored(context, before, normalise({ ...before.content, ...given }, htmlLibrary));
  };
}
