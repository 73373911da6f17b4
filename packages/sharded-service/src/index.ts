/** The part of the service kit for services whose data are sharded. */
export { MESSAGING_REFERENCE, MESSAGING_TABLES, type Keyspace } from './keyspace.js';
export { KeyspaceDatabase, openKeyspace } from './open-keyspace.js';
export { shardedVariables } from './variables.js';
export { migrateKeyspace, type MigrateKeyspaceOptions } from './migrate/migrate-keyspace.js';
export { migrateKeyspacesFromEnvironment, runKeyspaceMigrations } from './migrate/run-keyspace-migrations.js';
export { readShards, shardsVariable } from './migrate/shards-variable.js';
export { queryAllShards } from './query-all-shards.js';
