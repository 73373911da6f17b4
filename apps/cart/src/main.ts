import { commonVariables, PgDatabase, postgresUrl, runService } from '@stoa/service';
import { bucketOf } from '@stoa/sharding';
import { CartModule } from './cart.module.js';

await runService({
  name: 'cart',
  module: CartModule,
  config: commonVariables.extend({ CART_DATABASE_URL: postgresUrl('carts') }),
  database: (config, { clone, onIdleError }) =>
    new PgDatabase({ name: 'cart', urls: [config.CART_DATABASE_URL], clone, bucketOf, onIdleError }),
});
