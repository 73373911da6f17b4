/** Real servers for one machine without containers. The command line that `npm start` runs is in main.ts. */
export { removeAtExit, stopAtExit, cancelStopAtExit } from './machine/parent-watch.js';
export { cacheDir, repoRoot, stateDir } from './state-dir/paths.js';
export { freePort } from './machine/ports.js';
export { lowerPriority, isHalted } from './machine/os-processes.js';
export { startChild, type ChildOptions, type Exit, type Running } from './servers/child.js';
export { findHaproxy } from './servers/haproxy-binary.js';
export { haproxyCommand } from './servers/haproxy-command.js';
export { startHaproxy, type Backend, type HaproxyServer } from './servers/haproxy.js';
export { startKafka, type KafkaServer } from './servers/kafka.js';
export { startPostgres, type PostgresServer } from './servers/postgres.js';
export { startRedis, type RedisServer } from './servers/redis.js';
