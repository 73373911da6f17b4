import { givenServers, type TestEnvironment } from './servers.js';

/** The shared test servers. Throws in a test that Jest does not run as an integration test. */
export function testEnvironment(): TestEnvironment {
  const environment = givenServers();
  if (!environment) throw new Error('no test servers: name the file *.int.spec.ts, or set the STOA_TEST_* variables');
  return environment;
}

/** `host:port` of the shared Kafka broker. Topics are not made by themselves; give them unique names. */
export function testKafkaBrokers(): string {
  return testEnvironment().STOA_TEST_KAFKA_BROKERS;
}
