import { eventually } from '@stoa/testing';
import type { KafkaPort } from '../kafka/port.js';
import { BrokerClock } from './broker-clock.js';
import { bodyOf, Kit, sayRequest } from './kit.suite.js';
import { Sweeper } from './sweeper.js';

describe('reply topics', () => {
  const kit = new Kit();
  let port: KafkaPort;
  const topics = async (): Promise<string[]> =>
    (await port.admin.listTopics()).filter((topic) => topic.startsWith(kit.prefix));

  beforeAll(async () => {
    port = await kit.port();
    await kit.server();
  });
  afterAll(() => kit.end());

  const orphan = async (name: string): Promise<string> => {
    const topic = `${kit.prefix}${name}`;
    const config = { 'message.timestamp.type': 'LogAppendTime' };
    await port.admin.createTopics([{ topic, partitions: 1, replicationFactor: 1, config }]);
    await port.append({ topic, key: null, value: null });
    return topic;
  };

  it('are made at start, deleted at the end, and one per process', async () => {
    const [first, second] = [await kit.client(), await kit.client()];
    expect(first.replyTopic).not.toBe(second.replyTopic);
    expect(await topics()).toEqual(expect.arrayContaining([first.replyTopic, second.replyTopic]));
    await first.close();
    await eventually(async () => expect(await topics()).not.toContain(first.replyTopic));
    expect(await topics()).toContain(second.replyTopic);
    await second.close();
  });

  it('are swept when their owner is gone, but not while it lives, and nothing else is', async () => {
    const clock = new BrokerClock();
    // Many heartbeats, so that an owner that is held up for a moment is not taken for gone.
    const options = { topicPrefix: kit.prefix, orphanAfterMs: 3_000, logger: kit.logger };
    const sweeper = new Sweeper(port, clock, options);
    const owner = await kit.client({ messaging: { heartbeatMs: 100 } });
    const orphans = [await orphan('gateway.replies.killed-1'), await orphan('cart.replies.killed-2')];
    const others = [
      await orphan('gateway.replies'),
      await orphan('x.gateway.replies.other-stack'),
      await orphan('gateway.events'),
    ];
    await clock.sync(() => port.append({ topic: owner.replyTopic, key: null, value: null }));
    const swept: string[] = [];
    await eventually(
      async () => {
        swept.push(...(await sweeper.sweep()));
        expect(swept.toSorted()).toEqual(orphans.toSorted());
      },
      { everyMs: 100 },
    );
    // A broker's list may show a deleted topic for a moment.
    await eventually(async () => {
      for (const gone of orphans) expect(await topics()).not.toContain(gone);
    });
    expect(await topics()).toEqual(expect.arrayContaining([...others, owner.replyTopic]));
    expect(bodyOf(await owner.request(sayRequest('still there')))).toEqual({ text: 'still there' });
    await owner.close();
  });

  it('are swept by every process that has one, by itself', async () => {
    const left = await orphan('gateway.replies.killed-3');
    const owner = await kit.client({ messaging: { heartbeatMs: 100, orphanAfterMs: 3_000 } });
    await eventually(async () => expect(await topics()).not.toContain(left));
    expect(await topics()).toContain(owner.replyTopic);
    await owner.close();
  });

  it('make their owner unready and end it when they were swept under it', async () => {
    const fatal: Error[] = [];
    const owner = await kit.client({ messaging: { heartbeatMs: 1_000, onFatal: (error) => fatal.push(error) } });
    expect(owner.isReady()).toBe(true);
    await port.admin.deleteTopics([owner.replyTopic]);
    await eventually(() => expect(fatal).toHaveLength(1));
    expect(fatal[0]?.message).toContain(owner.replyTopic);
    expect(owner.isReady()).toBe(false);
    await owner.close();
  });
});
