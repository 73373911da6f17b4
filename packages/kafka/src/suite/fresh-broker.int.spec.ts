import { eventually, dedicatedKafka, type DedicatedKafka } from '@stoa/testing';
import { openKafka } from '../open-kafka.js';
import type { KafkaClientName } from '../port/port.js';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const PARTITIONS = 6;
const RECORDS = 60;

// The first group of a broker's life meets a coordinator that is not there yet, and tries again.
describe.each<KafkaClientName>(['platformatic', 'kafkajs'])('a broker that has just been made, by %s', (client) => {
  let kafka: DedicatedKafka;
  beforeAll(async () => {
    kafka = await dedicatedKafka();
  });
  afterAll(() => kafka.end());

  it('gives members of the first groups all that is written', async () => {
    const port = await openKafka({ brokers: [kafka.brokers], client, clientId: 'first', logger: quiet });
    const topics = ['one', 'two'];
    await port.admin.createTopics(topics.map((topic) => ({ topic, partitions: PARTITIONS, replicationFactor: 1 })));
    const seen = new Set<string>();
    const join = (topic: string) =>
      port.consumeGroup({
        groupId: `group-${topic}`,
        topics: [topic],
        isolation: 'uncommitted',
        startAt: 'beginning',
        onRecords: (records) => records.forEach(({ value }) => seen.add(`${topic} ${value?.toString()}`)),
      });
    await Promise.all(topics.map(join));
    const records = topics.flatMap((topic) =>
      Array.from({ length: RECORDS }, (_, n) => ({ topic, key: null, value: String(n), partition: n % PARTITIONS })),
    );
    await port.produce(records, 'all');
    await eventually(() => expect(seen.size).toBe(records.length));
    await port.close();
  });
});
