import { commonVariables, postgresUrl } from '@stoa/service';
import type { z } from 'zod';

/** The catalog service's environment. */
export const catalogVariables = commonVariables.extend({ CATALOG_DATABASE_URL: postgresUrl('the catalog') });
/** That a clone has to its database: pg's, which writes, and Prisma's. They share its connections. */
export const POOLS = 2;
export type CatalogConfig = z.output<typeof catalogVariables>;
