/** Real servers for one machine without containers, for tests and benchmarks. The commands of npm are in main.ts. */
export { childrenByParent, isHalted, lowerPriority, statFields } from './machine/os-processes.js';
export { removeAtExit } from './machine/parent-watch.js';
export { freePort } from './machine/ports.js';
export { startChild, type Exit, type Running } from './servers/child.js';
export { startKafka, type KafkaServer } from './servers/kafka.js';
export { startPostgres, type PostgresServer } from './servers/postgres.js';
export { startRedis } from './servers/redis.js';
export { cacheDir, repoRoot, stateDir } from './state-dir/paths.js';
