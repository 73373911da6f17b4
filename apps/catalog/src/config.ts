import { MAX_STOCK } from '@stoa/catalog-contract';
import { commonVariables, postgresUrl } from '@stoa/service';
import { z } from 'zod';

/** The catalog service's environment. */
export const catalogVariables = commonVariables.extend({
  CATALOG_DATABASE_URL: postgresUrl('the catalog'),
  CATALOG_LOW_STOCK: z.coerce
    .number()
    .int()
    .min(0)
    .max(MAX_STOCK)
    .default(5)
    .describe(
      'the stock from which on a variant is reported as low (event variantLow), where it has no threshold of its own',
    ),
});
/** That a clone has to its database: pg's, which writes, and Prisma's. They share its connections. */
export const POOLS = 2;
export type CatalogConfig = z.output<typeof catalogVariables>;
