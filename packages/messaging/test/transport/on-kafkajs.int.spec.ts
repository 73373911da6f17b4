import { eventually } from '@stoa/testing';
import { topicNames } from '../../src/protocol/topics.js';
import { addRequest, bodyOf, Kit, sayRequest } from './kit.suite.js';

/** The transport is tested on the default client; this is what depends on the other one. */
describe('the transport on kafkajs', () => {
  const kit = new Kit(undefined, 'kafkajs');
  afterAll(() => kit.end());

  it('serves, shares with a second clone, drops nothing when one leaves, and gets over what it cannot read', async () => {
    const first = await kit.server({ clone: 'one' });
    const client = await kit.client();
    expect(bodyOf(await client.request(sayRequest('hello')))).toEqual({ text: 'hello' });

    const servedBy: string[] = [];
    const over = new AbortController();
    const load = Array.from({ length: 8 }, async (_, i) => {
      for (let n = 0; !over.signal.aborted; n += 1) {
        const reply = bodyOf(await client.request(addRequest(`key-${i}`, n, { budgetMs: 30_000 }))) as {
          n: number;
          by: string;
        };
        expect(reply.n).toBe(n);
        servedBy.push(reply.by);
      }
    });
    await kit.server({ clone: 'two' });
    await eventually(() => expect(new Set(servedBy.slice(-50))).toEqual(new Set(['one', 'two'])));
    await first.close();
    await eventually(() => expect(new Set(servedBy.slice(-50))).toEqual(new Set(['two'])));

    const port = await kit.port();
    const { commands, deadLetters } = topicNames(kit.prefix, 'echo');
    await port.produce([{ topic: commands, key: 'key-1', value: 'not JSON', headers: {} }], 'all');
    await eventually(async () => expect(await port.admin.endOffsets(deadLetters)).toEqual([1]));
    over.abort();
    await Promise.all(load);
  });
});
