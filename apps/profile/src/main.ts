import { runService, type OpenDatabase } from '@stoa/service';
import { openKeyspace } from '@stoa/sharded-service';
import { profileVariables, type ProfileConfig } from './config.js';
import { ProfileModule } from './profile.module.js';
import { LOOKUP } from './storage/lookup.js';
import { lookupKeyspace, profileKeyspace } from './storage/keyspace.js';

await runService({
  name: 'profile',
  module: ProfileModule,
  config: profileVariables,
  database: ({ DIRECTORY_URL }, context) => openKeyspace(profileKeyspace.name, DIRECTORY_URL, context),
  databases: new Map<symbol, OpenDatabase<ProfileConfig>>([
    [LOOKUP, ({ DIRECTORY_URL }, context) => openKeyspace(lookupKeyspace.name, DIRECTORY_URL, context)],
  ]),
});
