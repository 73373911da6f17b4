import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeAtExit, startKafka, startPostgres, startRedis, type Running } from '@stoa/local';

/** Variables by which tests find the servers that all of them share. */
export interface TestEnvironment {
  STOA_TEST_POSTGRES_URL: string;
  STOA_TEST_KAFKA_BROKERS: string;
  STOA_TEST_REDIS_URL: string;
}

export interface TestServers {
  environment: TestEnvironment;
  stop(): Promise<void>;
}

/** The servers that the environment names, if it names all three. */
export function givenServers(): TestEnvironment | undefined {
  const { STOA_TEST_POSTGRES_URL, STOA_TEST_KAFKA_BROKERS, STOA_TEST_REDIS_URL } = process.env;
  if (!STOA_TEST_POSTGRES_URL || !STOA_TEST_KAFKA_BROKERS || !STOA_TEST_REDIS_URL) return undefined;
  return { STOA_TEST_POSTGRES_URL, STOA_TEST_KAFKA_BROKERS, STOA_TEST_REDIS_URL };
}

/** Starts one Postgres (without fsync), one Kafka and one Redis in a temporary folder, which goes when they stop. */
export async function startTestServers(): Promise<TestServers> {
  const dir = await mkdtemp(join(tmpdir(), 'stoa-test-'));
  await chmod(dir, 0o711); // under root, Postgres runs as another user and must get through
  removeAtExit(dir);
  const results = await Promise.allSettled([
    startPostgres({ dataDir: join(dir, 'postgres'), durable: false }),
    startKafka({ dataDir: join(dir, 'kafka') }),
    startRedis({ dataDir: join(dir, 'redis'), settings: { databases: '256' } }),
  ]);
  const started = results.flatMap((result): Running[] => (result.status === 'fulfilled' ? [result.value] : []));
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((server) => server.stop()));
    await rm(dir, { recursive: true, force: true });
  };
  const [postgres, kafka, redis] = results;
  if (postgres.status === 'fulfilled' && kafka.status === 'fulfilled' && redis.status === 'fulfilled') {
    const environment = {
      STOA_TEST_POSTGRES_URL: postgres.value.url,
      STOA_TEST_KAFKA_BROKERS: kafka.value.brokers,
      STOA_TEST_REDIS_URL: redis.value.url,
    };
    return { environment, stop };
  }
  await stop();
  throw results.find((result) => result.status === 'rejected')?.reason;
}
