/** The part of the service kit for services whose data are sharded. */
export { MESSAGING_REFERENCE, MESSAGING_TABLES, type Keyspace } from './keyspace.js';
export { KeyspaceDatabase, openKeyspace } from './open-keyspace.js';
export { shardedVariables } from './variables.js';
export { runKeyspaceMigrations } from './migrate/run-keyspace-migrations.js';
export { Rounds } from './rounds.js';
export { queryAllShards } from './query-all-shards.js';
