import { PgDatabase } from '@stoa/postgres';
import { runService } from '@stoa/service';
import { shardsVariables } from './config.js';
import { ShardsModule } from './shards.module.js';

await runService({
  name: 'shards',
  module: ShardsModule,
  config: shardsVariables,
  // The inbox of its commands stands beside the shard map: what they ask for and their answers are one transaction.
  database: ({ DIRECTORY_ADMIN_URL }, context) =>
    new PgDatabase({ name: 'shards', urls: [DIRECTORY_ADMIN_URL], ...context }),
});
