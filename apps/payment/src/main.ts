import { runService } from '@stoa/service';
import { openKeyspace } from '@stoa/sharded-service';
import { paymentVariables } from './config.js';
import { PaymentModule } from './payment.module.js';
import { paymentKeyspace } from './storage/keyspace.js';

await runService({
  name: 'payment',
  module: PaymentModule,
  config: paymentVariables,
  database: ({ DIRECTORY_URL }, context) => openKeyspace(paymentKeyspace.name, DIRECTORY_URL, context),
});
