/** Real servers and processes for tests: started once, shared by all, with a place of its own for each test file. */
export { startClone, type Clone, type CloneOptions } from './clone.js';
export { testDatabase, type TestDatabase, type TestDatabaseOptions } from './database.js';
export { testEnvironment, testKafkaBrokers } from './environment.js';
export { eventually, untilAvailable, type EventuallyOptions } from './eventually.js';
export { freeze } from './freeze.js';
export { PostgresServers, type PostgresServersOptions } from './postgres-servers.js';
export { tablesOfDatabase, tablesOfMigrations, tablesOfPrismaSchema, type Tables } from './prisma-schema.js';
export { TestProxy } from './proxy.js';
export { dedicatedBrokers, dedicatedKafka, type DedicatedBrokers, type DedicatedKafka } from './dedicated-kafka.js';
export { testRedis } from './redis.js';
export {
  freezeFor,
  GENEROUS_BUDGET_MS,
  highestDuring,
  holdsFor,
  letWorkProceed,
  mostlyWithin,
  simulatedWork,
  thinkTime,
  withinDeadline,
  type MostlyWithin,
} from './time.js';
export { startTestServers, type TestEnvironment, type TestServers } from './servers.js';
export { makeCertificate, TlsServers, type Certificate } from './tls-servers.js';
export { TraceCollector, type CollectedSpan } from './trace-collector.js';
export { uniqueName } from './unique-name.js';
