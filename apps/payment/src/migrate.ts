import { runKeyspaceMigrations } from '@stoa/sharded-service';
import { paymentKeyspace } from './storage/keyspace.js';

await runKeyspaceMigrations(paymentKeyspace);
