import { runService } from '@stoa/service';
import { openKeyspace, shardedVariables } from '@stoa/sharded-service';
import { PaymentModule } from './payment.module.js';
import { paymentKeyspace } from './storage/keyspace.js';

await runService({
  name: 'payment',
  module: PaymentModule,
  config: shardedVariables,
  database: ({ DIRECTORY_URL }, context) => openKeyspace(paymentKeyspace.name, DIRECTORY_URL, context),
});
