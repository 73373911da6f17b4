import { connectionShare, PgDatabase } from '@stoa/postgres';
import { runService } from '@stoa/service';
import { CatalogModule } from './catalog.module.js';
import { catalogVariables, POOLS } from './config.js';

await runService({
  name: 'catalog',
  module: CatalogModule,
  config: catalogVariables,
  database: (config, context) =>
    new PgDatabase({
      name: 'catalog',
      urls: [config.CATALOG_DATABASE_URL],
      ...context,
      maxConnections: connectionShare(context.connections, POOLS),
    }),
});
