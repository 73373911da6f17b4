import { runKeyspaceMigrations } from '@stoa/sharded-service';
import { orderKeyspace } from './storage/keyspace.js';

await runKeyspaceMigrations(orderKeyspace);
