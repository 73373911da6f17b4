import { runKeyspaceMigrations } from '@stoa/sharded-service';
import { profileKeyspace } from './storage/keyspace.js';

await runKeyspaceMigrations(profileKeyspace);
