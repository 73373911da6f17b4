import { PgDatabase } from '@stoa/postgres';
import { runService } from '@stoa/service';
import { shardsVariables } from './config.js';
import { ShardsModule } from './shards.module.js';

await runService({
  name: 'shards',
  module: ShardsModule,
  config: shardsVariables,
  // The inbox is in the shard map's database, so that a command's effect and its reply are one transaction.
  database: ({ DIRECTORY_ADMIN_URL }, context) =>
    new PgDatabase({ name: 'shards', urls: [DIRECTORY_ADMIN_URL], ...context }),
});
