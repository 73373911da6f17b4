import { runService } from '@stoa/service';
import { openKeyspace, shardedVariables } from '@stoa/sharded-service';
import { CartModule } from './cart.module.js';
import { cartKeyspace } from './storage/keyspace.js';

await runService({
  name: 'cart',
  module: CartModule,
  config: shardedVariables,
  database: ({ DIRECTORY_URL }, context) => openKeyspace(cartKeyspace.name, DIRECTORY_URL, context),
});
