import { runKeyspaceMigrations } from '@stoa/sharded-service';
import { cartKeyspace } from './storage/keyspace.js';

await runKeyspaceMigrations(cartKeyspace);
