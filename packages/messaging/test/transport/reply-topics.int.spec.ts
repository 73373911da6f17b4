import { eventually } from '@stoa/testing';
import type { KafkaPort } from '@stoa/kafka';
import { BrokerClock } from '../../src/clocks/broker-clock.js';
import { bodyOf, Kit, sayRequest } from './kit.suite.js';
import { Sweeper } from '../../src/replies/sweeper.js';

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

  it('are swept by one process: the living one that is first by name; the others ask whether it lives', async () => {
    const clock = new BrokerClock();
    const beating = new Set<string>();
    const asked = new Map<string, number>();
    const sweepers = await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (name) => {
        const ownTopic = await orphan(`gateway.replies.leading-${name}`);
        const admin = new Proxy(port.admin, {
          get: (target, method: keyof KafkaPort['admin']) =>
            method === 'offsetsSince'
              ? (topic: string, since: number) => {
                  asked.set(name, (asked.get(name) ?? 0) + 1);
                  return target.offsetsSince(topic, since);
                }
              : target[method].bind(target),
        });
        const options = { topicPrefix: kit.prefix, orphanAfterMs: 4_000, logger: kit.logger, ownTopic };
        beating.add(ownTopic);
        return { name, ownTopic, sweeper: new Sweeper({ ...port, admin }, clock, options) };
      }),
    );
    const beat = async (): Promise<void> => {
      const records = [...beating].map((topic) => ({ topic, key: null, value: null }));
      await port.produce(records, 'leader');
      const topic = [...beating][0] ?? '';
      await clock.sync(() => port.append({ topic, key: null, value: null }));
    };
    const round = async (): Promise<Record<string, string[]>> => {
      await beat();
      const swept = await Promise.all(
        sweepers.map(async ({ name, sweeper }): Promise<[string, string[]]> => [name, await sweeper.sweep()]),
      );
      return Object.fromEntries(swept);
    };
    const left = await orphan('gateway.replies.left-1');
    const sweptBy = async (leader: string, orphans: string[], idle: string[]): Promise<void> => {
      const found: string[] = [];
      await eventually(async () => {
        const { [leader]: own = [], ...others } = await round();
        found.push(...own);
        for (const name of idle) expect(others[name]).toEqual([]);
        expect(found.toSorted()).toEqual(orphans.toSorted());
      });
    };
    await sweptBy('a', [left], ['b', 'c', 'd']);
    asked.clear();
    await round();
    // Each of the others looks at the leader's topic, and at no more of however many there are.
    expect(Object.fromEntries([...asked].filter(([name]) => name !== 'a'))).toEqual({ b: 1, c: 1, d: 1 });

    const [first, ...rest] = sweepers;
    beating.delete(first?.ownTopic ?? '');
    sweepers.splice(0, 1);
    const again = await orphan('gateway.replies.left-2');
    await sweptBy('b', [first?.ownTopic ?? '', again], ['c', 'd']);
    await port.admin.deleteTopics(rest.map(({ ownTopic }) => ownTopic));
  });

  it('are swept by a process that has one, by itself', async () => {
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
