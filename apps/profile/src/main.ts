import { PgDatabase, runService } from '@stoa/service';
import { bucketOf } from '@stoa/sharding';
import { profileVariables } from './config.js';
import { ProfileModule } from './profile.module.js';

await runService({
  name: 'profile',
  module: ProfileModule,
  config: profileVariables,
  database: (config, { clone, onIdleError }) =>
    new PgDatabase({ name: 'profile', urls: [config.PROFILE_DATABASE_URL], clone, bucketOf, onIdleError }),
});
