import { commonVariables, postgresUrl } from '@stoa/service';
import type { z } from 'zod';

export const catalogVariables = commonVariables.extend({ CATALOG_DATABASE_URL: postgresUrl('the catalog') });
export type CatalogConfig = z.output<typeof catalogVariables>;
