import { Injectable } from '@nestjs/common';
import type { catalog } from '@stoa/catalog-contract';
import type { StateHandler } from '@stoa/messaging';
import { Products } from '../storage/products.js';

type VariantHandler = StateHandler<typeof catalog.variant>;

/** Keeps the copy of what the catalog sells, so that no request has to ask for it. */
@Injectable()
export class FollowVariants implements VariantHandler {
  constructor(private readonly products: Products) {}

  readonly apply: VariantHandler['apply'] = (tx, states) => this.products.takeOver(tx, states);

  readonly clear: NonNullable<VariantHandler['clear']> = (tx) => this.products.forget(tx);
}
