import { runKeyspaceMigrations } from '@stoa/sharded-service';
import { lookupKeyspace, profileKeyspace } from './storage/keyspace.js';

await runKeyspaceMigrations(profileKeyspace, lookupKeyspace);
