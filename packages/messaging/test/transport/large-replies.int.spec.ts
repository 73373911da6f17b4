import { eventually } from '@stoa/testing';
import { readTopic } from '../../src/contracts/read-topic.js';
import type { KafkaClientName, KafkaRecord } from '@stoa/kafka';
import { topicNames } from '../../src/protocol/topics.js';
import { requestHeaders } from '../../src/protocol/envelope.js';
import { addRequest, bodyOf, Kit, sayRequest, type Say } from './kit.suite.js';
import { MAX_REPLY_BYTES } from '../../src/replies/reply-parts.js';
import type { StoaClient } from '../../src/client/stoa-client.js';

/** Answers a number with a text of as many characters, and another text with its length. */
const say: Say = async ({ text }) => {
  const length = Number(text);
  return { text: Number.isNaN(length) ? String(text.length) : 'x'.repeat(length) };
};

const lengthOf = (reply: { readonly body: Buffer }): number => (bodyOf(reply) as { text: string }).text.length;

describe.each<KafkaClientName>(['platformatic', 'kafkajs'])('large messages on %s', (clientName) => {
  const kit = new Kit(undefined, clientName);
  let client: StoaClient;
  const ask = (text: string) => client.request(sayRequest(text));

  beforeAll(async () => {
    await kit.server({ say });
    client = await kit.client();
  });
  afterAll(() => kit.end());

  it('that are answers arrive, many together and each by itself', async () => {
    const many = await Promise.all(Array.from({ length: 30 }, (_, n) => ask(String(40_000 + n))));
    expect(many.map(lengthOf)).toEqual(Array.from({ length: 30 }, (_, n) => 40_000 + n));

    const sizes = [1_500_000, 10, 999_989, 1_000_000, 1_048_500, MAX_REPLY_BYTES - 11, 20];
    const mixed = await Promise.all(sizes.map((size) => ask(String(size))));
    expect(mixed.map(lengthOf)).toEqual(sizes);
    expect(mixed[0]?.servedBy).toBe('echo-1');
  });

  it('that are answers are refused beyond a bound, by name', async () => {
    const reply = await ask(String(MAX_REPLY_BYTES));
    expect(reply.ok).toBe(false);
    expect(bodyOf(reply)).toMatchObject({ code: 'RESPONSE_TOO_LARGE' });
  });

  it('that are requests are all answered, but the one that is too large', async () => {
    const sizes = [300_000, 300_000, 300_000, 1_200_000, 300_000, 2, 900_000];
    const settled = await Promise.allSettled(sizes.map((size) => ask('x'.repeat(size))));
    expect(settled.map((one) => (one.status === 'fulfilled' ? bodyOf(one.value) : one.reason))).toEqual(
      sizes.map((size) =>
        size > 1_000_000 ? expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' }) : { text: String(size) },
      ),
    );
  });
});

describe('large answers that are not sent yet', () => {
  const kit = new Kit();
  afterAll(() => kit.end());

  it('count as what this clone has in work: it takes no more until they are gone', async () => {
    const port = await kit.port();
    const sending = Promise.withResolvers<void>();
    const produce = port.produce.bind(port);
    port.produce = async (records, acks) => {
      if (records[0]?.topic.includes('.replies.')) await sending.promise;
      await produce(records, acks);
    };
    const pauses: boolean[] = [];
    let handled = 0;
    await kit.server({
      port,
      messaging: { partitions: 1, maxQueuedBytes: 100_000, metrics: { paused: (_, __, is) => void pauses.push(is) } },
      say: async (input) => {
        handled += 1;
        return say(input, undefined as never);
      },
    });
    const client = await kit.client();
    const ask = () => client.request(sayRequest('60000', { budgetMs: 30_000 }));
    const first = [ask(), ask()];
    await eventually(() => expect(handled).toBe(2));
    expect(pauses).toEqual([]);
    const third = ask();
    await eventually(() => expect(pauses).toEqual([true]));
    sending.resolve();
    expect((await Promise.all([...first, third])).map(lengthOf)).toEqual([60_000, 60_000, 60_000]);
    await eventually(() => expect(pauses).toEqual([true, false]));
  });
});

describe('a large message that cannot be read', () => {
  const kits: Kit[] = [];
  afterAll(() => Promise.all(kits.map((kit) => kit.end())));

  /** Sends one, and sees that what comes behind it is answered and acknowledged. @returns its dead letter */
  async function letterOf(mostBytes?: number): Promise<KafkaRecord> {
    const kit = new Kit();
    kits.push(kit);
    const port = await kit.port();
    const { commands, deadLetters, group } = topicNames(kit.prefix, 'echo');
    const config = { 'max.message.bytes': String(mostBytes) };
    const small = { topic: deadLetters, partitions: 1, replicationFactor: 1, config };
    if (mostBytes !== undefined) await port.admin.createTopics([small]);
    await kit.server({ messaging: { partitions: 1 } });
    const client = await kit.client();
    const headers = requestHeaders(addRequest('k', 1), 'none', client.replyTopic, 60_000);
    await port.produce([{ topic: commands, key: 'k', value: 'x'.repeat(1_048_180), headers }], 'all');
    expect(bodyOf(await client.request(addRequest('k', 1)))).toMatchObject({ n: 1 });
    await eventually(async () => expect((await port.admin.committedOffsets(group, commands))[0]).toBe(2));
    const [letter, ...more] = await readTopic(port, deadLetters, 30_000);
    expect(more).toEqual([]);
    expect(letter?.headers).toMatchObject({ 'dead-origin': `${commands}:0:0`, 'dead-size': '1048180' });
    return letter!;
  }

  it('is cut to fit into the dead letters, and holds up nothing', async () => {
    const { headers, key, value } = await letterOf();
    expect(value?.length).toBeGreaterThan(1_000_000);
    expect(key?.toString()).toBe('k');
    expect(headers).toMatchObject({ op: 'add', 'dead-cut': 'value' });
  });

  it('has a pointer among dead letters that must be small', async () => {
    expect((await letterOf(2_000)).value).toBeNull();
  });
});
