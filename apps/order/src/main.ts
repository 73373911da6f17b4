import { runService } from '@stoa/service';
import { openKeyspace, shardedVariables } from '@stoa/sharded-service';
import { OrderModule } from './order.module.js';
import { orderKeyspace } from './storage/keyspace.js';

await runService({
  name: 'order',
  module: OrderModule,
  config: shardedVariables,
  database: ({ DIRECTORY_URL }, context) => openKeyspace(orderKeyspace.name, DIRECTORY_URL, context),
});
