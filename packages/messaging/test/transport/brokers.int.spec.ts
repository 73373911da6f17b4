import { eventually, dedicatedBrokers, type DedicatedBrokers, thinkTime } from '@stoa/testing';
import { addRequest, bodyOf, Kit } from './kit.suite.js';
import type { StoaClient } from '../../src/client/stoa-client.js';

const KEYS = 12;
const REPLICATED = { replicationFactor: 3 };
/** As good clients do: while a reply is missing, the same command again. */
const TIMEOUT_MS = 30_000;

describe('three brokers, one of them killed', () => {
  let kafka: DedicatedBrokers;
  let kit: Kit;
  let client: StoaClient;
  const replied: { readonly key: string; readonly at: number }[] = [];
  const over = new AbortController();

  beforeAll(async () => {
    kafka = await dedicatedBrokers();
    kit = new Kit(kafka.brokers);
    await kit.server({ messaging: REPLICATED });
    client = await kit.client({ messaging: REPLICATED });
  });

  afterAll(async () => {
    over.abort();
    await kit?.end().finally(() => kafka.end());
  });

  const write = async (key: string, n: number): Promise<void> => {
    const request = addRequest(key, n, { budgetMs: 5_000 });
    await eventually(async () => expect(bodyOf(await client.request(request))).toMatchObject({ name: key, n }), {
      timeoutMs: TIMEOUT_MS,
    });
    replied.push({ key, at: performance.now() });
  };
  const keysSince = (at: number): number => new Set(replied.filter((one) => one.at > at).map(({ key }) => key)).size;

  it('goes on with all keys, also when it had the controller', async () => {
    const writer = async (key: string): Promise<void> => {
      for (let n = 0; !over.signal.aborted; n++) {
        await write(key, n);
        await thinkTime(20);
      }
    };
    const writers = Array.from({ length: KEYS }, (_, n) => writer(`key-${n}`));
    for (const node of [1, 2]) {
      const killed = performance.now();
      await kafka.kill(node);
      const died = performance.now();
      await eventually(() => expect(keysSince(died)).toBe(KEYS), { timeoutMs: TIMEOUT_MS });
      process.stdout.write(
        `broker ${node} killed: all keys again after ${Math.round(performance.now() - killed)} ms\n`,
      );
      await kafka.start(node);
    }
    over.abort();
    await Promise.all(writers);
  });
});
