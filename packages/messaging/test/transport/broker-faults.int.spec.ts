import { eventually, dedicatedKafka, type DedicatedKafka } from '@stoa/testing';
import { bodyOf, Kit, sayRequest, addRequest } from './kit.suite.js';
import type { StoaClient } from '../../src/client/stoa-client.js';
import type { StoaServer } from '../../src/server/stoa-server.js';

const SLOW = { timeoutMs: 90_000 };

describe('a broker that fails', () => {
  let kafka: DedicatedKafka;
  let kit: Kit;
  let client: StoaClient;
  let server: StoaServer;

  beforeAll(async () => {
    kafka = await dedicatedKafka();
    kit = new Kit(kafka.brokers);
    server = await kit.server();
    client = await kit.client({ messaging: { heartbeatMs: 300 } });
    await client.request(sayRequest('warm'));
  });

  afterAll(async () => {
    await kit.end().finally(() => kafka.end());
  });

  const served = async (text: string): Promise<void> => {
    expect(bodyOf(await client.request(sayRequest(text, { budgetMs: 2_000 })))).toEqual({ text });
  };

  it('is answered with UNAVAILABLE: soon at first, at once after that; service returns with the broker', async () => {
    await kafka.kill();
    const refused = { code: 'UNAVAILABLE', message: 'The message broker cannot be reached' };
    await expect(client.request(sayRequest('first', { budgetMs: 20_000 }))).rejects.toMatchObject(refused);
    const second = client.request(sayRequest('second', { budgetMs: 20_000 })).catch((error: unknown) => error);
    const nextTurn = new Promise((resolve) => setImmediate(resolve, 'no answer in this turn of the event loop'));
    expect(await Promise.race([second, nextTurn])).toMatchObject(refused);
    expect(client.isReady()).toBe(false);

    await kafka.start();
    await eventually(() => served('back'), SLOW);
    await eventually(() => expect(client.isReady() && server.isReady()).toBe(true), SLOW);
    expect(bodyOf(await client.request(addRequest('ada', 3)))).toMatchObject({ n: 3 });
  });

  it('that is frozen costs a caller its budget, no more; service returns when it wakes up', async () => {
    await eventually(() => served('before'), SLOW);
    await kafka.freeze();
    try {
      // By its own clock: the client of Kafka would wait for 12 s.
      await expect(client.request(sayRequest('frozen', { budgetMs: 600 }))).rejects.toMatchObject({
        code: 'UNAVAILABLE',
        message: 'echo gave no answer within 600 ms',
      });
    } finally {
      kafka.thaw();
    }
    await eventually(() => served('after'), SLOW);
  });
});
