import { eventually } from '@stoa/testing';
import type { GroupOptions, KafkaPort, KafkaRecord } from '@stoa/kafka';
import { addRequest, bodyOf, Kit } from './kit.suite.js';

const HOUR_MS = 3_600_000;

/** A port on a broker whose clock can be set. */
function withClock(port: KafkaPort) {
  const clock = { aheadMs: 0 };
  const moved = (record: KafkaRecord): KafkaRecord => ({ ...record, timestamp: record.timestamp + clock.aheadMs });
  const stepping: KafkaPort = Object.assign(Object.create(port) as KafkaPort, {
    append: async (record: Parameters<KafkaPort['append']>[0]) => (await port.append(record)) + clock.aheadMs,
    consumeGroup: (options: GroupOptions) =>
      port.consumeGroup({ ...options, onRecords: (records) => options.onRecords(records.map(moved)) }),
    produce: port.produce.bind(port),
    transactional: port.transactional.bind(port),
    follow: port.follow.bind(port),
    admin: port.admin,
    client: port.client,
  });
  return { port: stepping, clock };
}

describe('a broker whose clock is set to another time', () => {
  const kit = new Kit();
  afterAll(() => kit.end());

  it('costs no request its reply, back or forth, long before the next heartbeat', async () => {
    const { port, clock } = withClock(await kit.port());
    await kit.server({ port, messaging: { heartbeatMs: HOUR_MS } });
    const client = await kit.client();
    const add = async (n: number): Promise<unknown> =>
      bodyOf(await client.request(addRequest('ada', n, { budgetMs: 20_000 })));
    await eventually(() => add(0));
    for (const aheadMs of [-60_000, 0, -HOUR_MS, HOUR_MS, 0]) {
      clock.aheadMs = aheadMs;
      expect(await add(1)).toMatchObject({ n: 1 });
    }
  });

  it('still lets a request that waited past its budget go unprocessed', async () => {
    const { port, clock } = withClock(await kit.port());
    let isHandling = (): void => undefined;
    const handling = new Promise<void>((resolve) => (isHandling = resolve));
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const done: number[] = [];
    await kit.server({
      port,
      clone: 'echo-2',
      messaging: { heartbeatMs: HOUR_MS, topicPrefix: `${kit.prefix}late.` },
      add: async ({ n }) => {
        isHandling();
        if (n === 1) await released;
        done.push(n);
        return n;
      },
    });
    const client = await kit.client({ messaging: { topicPrefix: `${kit.prefix}late.` } });
    clock.aheadMs = HOUR_MS;
    const first = client.request(addRequest('bob', 1, { budgetMs: 60_000 }));
    await handling;
    // Waits behind the first until its caller has given up.
    await expect(client.request(addRequest('bob', 2, { budgetMs: 300 }))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
    release();
    expect(bodyOf(await first)).toMatchObject({ n: 1 });
    expect(bodyOf(await client.request(addRequest('bob', 3, { budgetMs: 60_000 })))).toMatchObject({ n: 3 });
    expect(done).toEqual([1, 3]);
  });
});
