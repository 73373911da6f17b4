import { Inject, Injectable } from '@nestjs/common';
import { catalog } from '@stoa/catalog-contract';
import {
  DATABASE,
  MESSAGING_OPTIONS,
  type MessagingOptions,
  messageRow,
  newId,
  type OutboxRow,
  retractionRow,
  writeOutbox,
} from '@stoa/messaging';
import type { Database, Sql } from '@stoa/postgres';
import {
  lockProductsOf,
  publishShown,
  showAvailability,
  staleSkus,
  touchProducts,
} from '../storage/stock/availability.js';
import { lockVariants } from '../storage/stock/lock-variants.js';
import { Rounds } from './rounds.js';

const EVERY_MS = 200;

/** Publishes some of what shoppers don't see yet. @returns whether there was any */
export async function publishStale(tx: Sql): Promise<boolean> {
  const skus = await staleSkus(tx);
  if (skus.length === 0) return false;
  await lockProductsOf(tx, skus);
  await lockVariants(tx, skus);
  const shown = await showAvailability(tx, skus);
  const products =
    shown.length > 0
      ? await touchProducts(
          tx,
          shown.map(({ sku }) => sku),
        )
      : [];
  const rows: OutboxRow[] = [];
  const origin = () => ({ id: newId(), traceparent: undefined });
  const publisher: Parameters<typeof publishShown>[0] = {
    publish: async (...message) => void rows.push(messageRow(...message, origin())),
    retract: async (...message) => void rows.push(retractionRow(...message, origin())),
  };
  for (const each of shown) await publishShown(publisher, each);
  for (const product of products) rows.push(messageRow(catalog.productChanged, product.version, product, origin()));
  await writeOutbox(tx, 0, rows);
  return true;
}

/**
 * Lets shoppers see when something is sold out, or back. Sales don't, so that a sale costs nothing but its variant's
 * row: they lock no product, and a variant that is sold out and back within a moment is published by nobody.
 */
@Injectable()
export class AvailabilityWorker extends Rounds {
  constructor(
    @Inject(DATABASE) private readonly database: Database,
    @Inject(MESSAGING_OPTIONS) { logger }: MessagingOptions,
  ) {
    super(logger, 'publishing availability', EVERY_MS);
  }

  protected round(): Promise<boolean> {
    return this.database.transaction(0, publishStale);
  }
}
