import { OperationError } from '@stoa/contract-kit';
import { eventually, holdsFor, simulatedWork } from '@stoa/testing';
import { DEAD_LETTER_HEADERS } from '../../src/protocol/dead-letter.js';
import { newId } from '../../src/protocol/ids.js';
import type { KafkaPort, KafkaRecord } from '@stoa/kafka';
import { clockTopic, topicNames } from '../../src/protocol/topics.js';
import { requestHeaders } from '../../src/protocol/envelope.js';
import { addRequest, bodyOf, Kit, sayRequest } from './kit.suite.js';

const gate = (): { open: () => void; passed: Promise<void> } => {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { open: resolve, passed: promise };
};

describe('delivery', () => {
  const kits: Kit[] = [];
  const newKit = (): Kit => {
    const kit = new Kit();
    kits.push(kit);
    return kit;
  };
  afterAll(() => Promise.all(kits.map((kit) => kit.end())));

  const follow = async (port: KafkaPort, topic: string): Promise<KafkaRecord[]> => {
    const records: KafkaRecord[] = [];
    await port.follow({
      partitions: [{ topic, partition: 0, from: 'beginning' }],
      isolation: 'uncommitted',
      onRecords: (some) => records.push(...some),
    });
    return records;
  };

  it('keeps one key’s commands in order while other keys go on, and commits nothing beyond one that is in work', async () => {
    const kit = newKit();
    const held = gate();
    const seen: string[] = [];
    await kit.server({
      messaging: { partitions: 1 },
      add: async ({ name, n }) => {
        seen.push(`${name}${n}`);
        if (name === 'held' && n === 1) await held.passed;
        return n;
      },
    });
    const client = await kit.client();
    const port = await kit.port();
    const { commands, group } = topicNames(kit.prefix, 'echo');
    const committed = async (): Promise<number> => (await port.admin.committedOffsets(group, commands))[0] ?? 0;

    const before = Array.from({ length: 3 }, (_, i) => client.request(addRequest('early', i)));
    await Promise.all(before);
    await eventually(async () => expect(await committed()).toBe(3));

    const first = client.request(addRequest('held', 1));
    await eventually(() => expect(seen).toContain('held1'));
    const second = client.request(addRequest('held', 2));
    const others = Array.from({ length: 20 }, (_, i) => client.request(addRequest(`free${i}`, i)));
    await Promise.all(others);
    await client.request(addRequest('free0', 99));
    // Commits come every 200 ms: in none of three rounds may the offset pass the held command.
    await holdsFor(600, async () => expect(await committed()).toBe(3));
    expect(seen).not.toContain('held2');

    held.open();
    expect((await Promise.all([first, second])).map((reply) => (bodyOf(reply) as { n: number }).n)).toEqual([1, 2]);
    await eventually(async () => expect(await committed()).toBe(26));
  });

  it('drops a request past its budget unprocessed and answers DEADLINE_EXCEEDED', async () => {
    const kit = newKit();
    const port = await kit.port();
    const replyTopic = `${kit.prefix}gateway.replies.test`;
    const clock = clockTopic(kit.prefix);
    const { queries } = topicNames(kit.prefix, 'echo');
    const spec = { partitions: 1, replicationFactor: 1, config: { 'message.timestamp.type': 'LogAppendTime' } };
    await port.admin.createTopics([replyTopic, queries, clock].map((topic) => ({ topic, ...spec })));
    const send = (text: string, budget: number): Promise<number> => {
      const request = sayRequest(text);
      return port.append({
        topic: queries,
        key: null,
        value: request.body,
        headers: requestHeaders(request, text, replyTopic, budget),
      });
    };
    /** By the broker's time, which budgets are counted by. */
    const passes = (time: number): Promise<void> =>
      eventually(async () => expect(await port.append({ topic: clock, key: null, value: null })).toBeGreaterThan(time));
    const sent = await send('late', 50);
    await send('patient', 60_000);
    const replies = await follow(port, replyTopic);
    const seen: string[] = [];
    const held = gate();
    await passes(sent + 60);
    await kit.server({
      messaging: { maxConcurrency: 1, heartbeatMs: 100 },
      say: async (input) => {
        seen.push(input.text);
        await held.passed;
        return input;
      },
    });
    await eventually(() => expect(seen).toEqual(['patient']));
    // The service's idea of the broker's time lags behind by the quickest of its pings.
    await passes((await send('queued', 50)) + 1_000);
    held.open();
    await eventually(() => expect(replies).toHaveLength(3));
    for (const corr of ['late', 'queued']) {
      const late = replies.find((reply) => reply.headers['corr'] === corr);
      expect(late?.headers).toMatchObject({ status: 'error', by: 'echo-1' });
      expect(JSON.parse(late?.value?.toString() ?? '')).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    }
    expect(seen).toEqual(['patient']);
    expect(Number(replies.find((reply) => reply.headers['corr'] === 'patient')?.headers['wait'])).toBeGreaterThan(50);
  });

  it('hands a DEADLINE_EXCEEDED of the service to the caller', async () => {
    const kit = newKit();
    // The business error of a request that queued for too long, but without a race against the caller's own budget.
    await kit.server({ say: () => Promise.reject(new OperationError('DEADLINE_EXCEEDED', 'it queued')) });
    const client = await kit.client();
    await expect(client.request(sayRequest('late'))).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      message: 'it queued',
    });
  });

  it('refuses at once what is over the bound in flight, and lets in again when there is room', async () => {
    const kit = newKit();
    const held = gate();
    await kit.server({
      say: async (input) => {
        await held.passed;
        return input;
      },
    });
    const client = await kit.client({ bound: { start: 2, min: 1, max: 2, targetWaitMs: 5_000 } });
    const inFlight = [client.request(sayRequest('a')), client.request(sayRequest('b'))];
    // While both are held: nothing was waited for.
    await expect(client.request(sayRequest('c'))).rejects.toMatchObject({ code: 'OVERLOADED' });
    held.open();
    await Promise.all(inFlight);
    expect((await client.request(sayRequest('d'))).ok).toBe(true);
  });

  it('adapts the bound to how long requests queue at the service', async () => {
    const kit = newKit();
    let pauseMs = 40;
    await kit.server({
      messaging: { maxConcurrency: 1 },
      say: async (input) => {
        await simulatedWork(pauseMs);
        return input;
      },
    });
    const bounds: number[] = [];
    const client = await kit.client({
      bound: { start: 16, min: 2, max: 64, targetWaitMs: 60 },
      messaging: { metrics: { concurrencyLimit: (_service, bound) => bounds.push(bound) } },
    });
    const load = (): Promise<unknown> =>
      Promise.allSettled(Array.from({ length: 8 }, () => client.request(sayRequest('x'))));
    for (let i = 0; i < 4; i += 1) await load();
    expect(Math.min(...bounds)).toBeLessThan(10);
    const shrunk = bounds.at(-1) ?? 0;
    pauseMs = 0;
    await eventually(
      async () => {
        await load();
        expect(bounds.at(-1)).toBeGreaterThan(shrunk);
      },
      { everyMs: 0 },
    );
  });

  it('pauses a Kafka partition that it cannot keep up with, resumes it, and answers everything', async () => {
    const kit = newKit();
    const pauses: boolean[] = [];
    let [queued, most] = [0, 0];
    await kit.server({
      messaging: {
        partitions: 2,
        maxConcurrency: 2,
        maxQueued: 8,
        metrics: {
          paused: (_topic, _partition, isPaused) => pauses.push(isPaused),
          queued: (messages) => {
            queued = messages;
            most = Math.max(most, messages);
          },
        },
      },
      say: async (input) => {
        await simulatedWork(2);
        return input;
      },
    });
    const client = await kit.client({ bound: { start: 400, min: 400, max: 400, targetWaitMs: 60_000 } });
    for (let round = 0; round < 4; round += 1) {
      const replies = await Promise.all(Array.from({ length: 60 }, (_, i) => client.request(sayRequest(`t${i}`))));
      expect(replies.every((reply) => reply.ok)).toBe(true);
    }
    expect(pauses).toContain(true);
    // The last replies may be here before the service has heard that they were sent.
    await eventually(() => expect(pauses.filter((isPaused) => !isPaused)).toHaveLength(pauses.filter(Boolean).length));
    expect(most).toBeLessThan(130); // a fetch that was under way may come on top
    expect(queued).toBeLessThanOrEqual(most);
  });

  it('puts what it cannot read into the dead letters with the reason, and goes on', async () => {
    const kit = newKit();
    const deadLettered: string[] = [];
    await kit.server({
      messaging: { partitions: 1, metrics: { deadLettered: (_topic, reason) => deadLettered.push(reason) } },
    });
    const client = await kit.client();
    const port = await kit.port();
    const { commands, queries, deadLetters, group } = topicNames(kit.prefix, 'echo');
    const good = requestHeaders(addRequest('k', 1), 'none', client.replyTopic, 5_000);
    const send = (topic: string, key: string | null, value: string | null, headers: Record<string, string>) =>
      port.produce([{ topic, key, value, headers }], 'all');
    await send(commands, 'k', 'not JSON {', good);
    await send(commands, 'k', '{}', {});
    await send(commands, null, '{}', good);
    await send(commands, 'k', null, good);
    await send(queries, null, '{}', { ...good, op: 'say', budget: 'soon' });

    expect(bodyOf(await client.request(addRequest('k', 1)))).toMatchObject({ n: 1 });
    expect(bodyOf(await client.request(sayRequest('still here')))).toEqual({ text: 'still here' });

    const letters = await follow(port, deadLetters);
    await eventually(() => expect(letters).toHaveLength(5));
    const reasons = letters.map((letter) => letter.headers[DEAD_LETTER_HEADERS.reason] ?? '').toSorted();
    expect(reasons.join('; ')).toMatch(/without a record key.*'budget'.*'id' is no UUID.*not JSON.*no body/);
    const first = letters.find((letter) => letter.value?.toString() === 'not JSON {');
    expect(first?.headers).toMatchObject({
      ...good,
      [DEAD_LETTER_HEADERS.origin]: `${commands}:0:0`,
      [DEAD_LETTER_HEADERS.by]: 'echo-1',
    });
    expect(first?.key?.toString()).toBe('k');
    await eventually(() => expect(deadLettered).toHaveLength(5));
    await eventually(async () => expect((await port.admin.committedOffsets(group, commands))[0]).toBe(5));
  });

  it('reports to a waiting caller that its request could not be read', async () => {
    const kit = newKit();
    await kit.server();
    const client = await kit.client();
    const reply = await client.request(sayRequest('x', { body: 'not JSON', id: newId() }));
    expect(reply.ok).toBe(false);
    expect(bodyOf(reply)).toMatchObject({ code: 'INVALID_INPUT' });
  });
});
