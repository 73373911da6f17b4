import { Injectable } from '@nestjs/common';
import type { catalog } from '@stoa/catalog-contract';
import type { Handler } from '@stoa/messaging';
import { fits } from '@stoa/postgres';
import { z } from 'zod';
import { decodeCursor, encodeCursor } from '../domain/cursor.js';
import type { ListedPage, Order } from '../storage/product-list.js';
import { ProductQueries } from '../storage/product-queries.js';

const PLACES = {
  newest: z.tuple([z.string().refine(fits.timestamptz), z.uuid()]),
  title: z.tuple([z.string().max(200).refine(fits.text), z.uuid()]),
  price: z.tuple([z.int(), z.uuid()]),
  '-price': z.tuple([z.int(), z.uuid()]),
  relevance: z.tuple([z.number().refine(fits.real), z.uuid()]),
} as const satisfies Record<Order, z.ZodType>;

const LAST_WORDS = ['whole', 'unfinished'] as const;

@Injectable()
export class ListProducts implements Handler<typeof catalog.listProducts> {
  constructor(private readonly products: ProductQueries) {}

  readonly handle: Handler<typeof catalog.listProducts>['handle'] = async (input, { fail }) => {
    const { cursor, limit, sort, ...filter } = input;
    // Without words there is nothing to be relevant to.
    const byDefault = filter.q === undefined ? 'newest' : 'relevance';
    const order: Order = sort === undefined || sort === 'relevance' ? byDefault : sort;
    // Only when no product has the last word is it taken for the beginning of one: of a common word's beginning the
    // index gathers all products before it looks at the other words (50 ms for a million).
    for (const lastWord of LAST_WORDS) {
      const query = ['products', filter, order, lastWord];
      const after = cursor === undefined ? null : decodeCursor(query, cursor, PLACES[order]);
      if (cursor !== undefined && !after) continue;
      const page = await this.products.list({ ...filter, lastWord }, order, after, limit + 1);
      if (page.found > 0 || after || filter.q === undefined) return toPage(page, limit, query);
    }
    return cursor === undefined
      ? { items: [], next: null }
      : fail('BAD_CURSOR', 'The cursor is damaged, or comes from another list');
  };
}

function toPage({ listed, found }: ListedPage, limit: number, query: unknown) {
  const shown = listed.slice(0, limit);
  const last = found > shown.length ? shown.at(-1) : undefined;
  return { items: shown.map(({ summary }) => summary), next: last ? encodeCursor(query, last.place) : null };
}
