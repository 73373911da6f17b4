import { runService } from '@stoa/service';
import { openKeyspace } from '@stoa/sharded-service';
import { profileVariables } from './config.js';
import { ProfileModule } from './profile.module.js';
import { profileKeyspace } from './storage/keyspace.js';

await runService({
  name: 'profile',
  module: ProfileModule,
  config: profileVariables,
  database: ({ DIRECTORY_URL }, context) => openKeyspace(profileKeyspace.name, DIRECTORY_URL, context),
});
