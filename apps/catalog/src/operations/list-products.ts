import { Injectable } from '@nestjs/common';
import type { catalog } from '@stoa/catalog-contract';
import type { Handler } from '@stoa/messaging';
import { z } from 'zod';
import { decodeCursor, encodeCursor } from '../domain/cursor.js';
import type { Order } from '../storage/product-list.js';
import { ProductQueries } from '../storage/product-queries.js';

const PLACES = {
  newest: z.tuple([z.iso.datetime(), z.uuid()]),
  title: z.tuple([z.string().max(200), z.uuid()]),
  price: z.tuple([z.int(), z.uuid()]),
  '-price': z.tuple([z.int(), z.uuid()]),
  relevance: z.tuple([z.number(), z.uuid()]),
} as const satisfies Record<Order, z.ZodType>;

@Injectable()
export class ListProducts implements Handler<typeof catalog.listProducts> {
  constructor(private readonly products: ProductQueries) {}

  readonly handle: Handler<typeof catalog.listProducts>['handle'] = async (input, { fail }) => {
    const { cursor, limit, sort, ...filter } = input;
    // Without words there is nothing to be relevant to.
    const byDefault = filter.q === undefined ? 'newest' : 'relevance';
    const order: Order = sort === undefined || sort === 'relevance' ? byDefault : sort;
    const query = ['products', filter, order];
    const after = cursor === undefined ? null : decodeCursor(query, cursor, PLACES[order]);
    if (cursor !== undefined && !after) fail('BAD_CURSOR', 'The cursor is damaged, or comes from another list');
    const listed = await this.products.list(filter, order, after, limit + 1);
    const last = listed.length > limit ? listed[limit - 1] : undefined;
    const items = listed.slice(0, limit).map(({ summary }) => summary);
    return { items, next: last ? encodeCursor(query, last.place) : null };
  };
}
