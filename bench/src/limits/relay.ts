import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startKafka, startPostgres } from '@stoa/local';
import { openKafka } from '@stoa/kafka';
import { messagingMigrations } from '@stoa/messaging';
import { OutboxRelay } from '@stoa/messaging/testing';
import { migrate } from '@stoa/postgres';
import { Client } from 'pg';
import { cpuOfTree } from '../processes.js';
import { leaderSession, quiet } from './leader-session.js';

const TOPIC = { topic: 'bench.events', partitions: 12, replicationFactor: 1, config: {} };

/** How many records a second one leader brings from a full outbox to Kafka. */
export async function measureRelay(records: number): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'stoa-bench-'));
  await chmod(dir, 0o711); // under root, Postgres runs as another user and must get through
  const [kafka, postgres] = await Promise.all([
    startKafka({ dataDir: join(dir, 'kafka') }),
    startPostgres({ dataDir: join(dir, 'postgres') }),
  ]);
  try {
    await drain({ brokers: kafka.brokers, url: postgres.url, records }, [kafka.pid, postgres.pid]);
  } finally {
    await Promise.all([kafka.stop(), postgres.stop()]);
    await rm(dir, { recursive: true, force: true });
  }
}

interface Full {
  readonly brokers: string;
  readonly url: string;
  readonly records: number;
}

async function drain({ brokers, url, records }: Full, [kafka = 0, postgres = 0]: readonly number[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await migrate({ url, packages: [messagingMigrations] });
  await client.query(
    `INSERT INTO outbox (bucket, topic, key, version, headers, body)
     SELECT n % 1024, '${TOPIC.topic}', md5(n::text), 1, '{"id":"x","type":"changed","v":"1"}', repeat(md5(n::text), 16)
     FROM generate_series(1, ${records}) AS n`,
  );
  const port = await openKafka({ brokers: [brokers], client: 'platformatic', clientId: 'bench', logger: quiet });
  await port.admin.createTopics([TOPIC]);
  const session = await leaderSession(url);
  const stopping = new AbortController();
  const [own, theirs, began] = [process.cpuUsage(), [cpuOfTree(kafka), cpuOfTree(postgres)], performance.now()];
  const relay = new OutboxRelay({ port, topicPrefix: '', server: 'bench', logger: quiet });
  const running = relay.run(session, stopping.signal);
  for (let left = records; left > 0; await delay(100)) {
    const { rows } = await client.query<{ left: number }>('SELECT count(*)::int AS left FROM outbox');
    left = rows[0]?.left ?? 0;
  }
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(own);
  const micros = [(user + system) / 1000, cpuOfTree(kafka) - (theirs[0] ?? 0), cpuOfTree(postgres) - (theirs[1] ?? 0)]
    .map((ms) => ((ms * 1000) / records).toFixed(0))
    .join('  ');
  console.log(
    `\nOne relay, ${records.toLocaleString('en')} records of 512 bytes: records/s, CPU µs each of leader, Kafka, Postgres`,
  );
  console.log(`  ${Math.round(records / seconds)}  ${micros}`);
  stopping.abort();
  await running;
  await Promise.all([session.close(), port.close(), client.end()]);
}
