import { eventually, testKafkaBrokers } from '@stoa/testing';
import type { Background } from '../../src/background/background.js';
import { openKafka } from '@stoa/kafka';
import type { KafkaPort } from '@stoa/kafka';
import { EventGroups } from '../../src/subscriptions/event-groups.js';
import { topicNames } from '../../src/protocol/topics.js';
import { Kit } from './kit.suite.js';

const background = {
  start: async () => undefined,
  isReady: () => true,
  stop: async () => undefined,
} as unknown as Background;

describe('a clone that is dead', () => {
  const kit = new Kit();
  let dead: KafkaPort | undefined;
  afterAll(async () => {
    await dead?.close();
    await kit.end();
  });

  it('is taken out of all groups in which clones of its service are, also those of other versions’ events', async () => {
    const server = await kit.server({ background });
    const { logger } = kit;
    dead = await openKafka({
      brokers: testKafkaBrokers().split(','),
      client: 'platformatic',
      clientId: 'echo-2',
      logger,
    });
    const names = topicNames(kit.prefix, 'echo');
    const groups = new EventGroups(names.eventsGroup);
    const ids = [names.group, names.eventsGroup, groups.idOf(['echo.said']), groups.idOf(['echo.said', 'echo.sung'])];
    const elsewhere = `${names.eventsGroup}.other`;
    for (const groupId of [...ids, elsewhere]) {
      await dead.consumeGroup({
        groupId,
        topics: [names.queries],
        isolation: 'committed',
        startAt: 'end',
        onRecords: () => undefined,
      });
    }
    expect(await server.evict('echo-3')).toBe(0);
    await eventually(async () => expect(await server.evict('echo-2')).toBe(ids.length));
    expect(await kit.port().then(({ admin }) => admin.evict(elsewhere, 'echo-2'))).toBe(1);
  });
});
