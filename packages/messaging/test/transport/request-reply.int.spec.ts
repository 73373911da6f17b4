import { OperationError } from '@stoa/contract-kit';
import { eventually, GENEROUS_BUDGET_MS, withinDeadline } from '@stoa/testing';
import { lastValueFrom } from 'rxjs';
import { newId } from '../../src/protocol/ids.js';
import type { FlowContext } from '../../src/api/handlers.js';
import type { Command } from '@stoa/contract-kit';
import { echo } from './echo.suite.js';
import { addRequest, bodyOf, Kit, sayRequest, type Add, type Say } from './kit.suite.js';
import type { StoaClient } from '../../src/client/stoa-client.js';

describe('request and reply', () => {
  const kit = new Kit();
  let client: StoaClient;
  let say: Say = async (input) => input;
  let add: Add = ({ n }) => n + 1;
  const flow = {
    run: async ({ name, n }: { name: string; n: number }, { step }: FlowContext<Command>) => {
      const first = await step('first', echo.add, { name: `${name}-a`, n });
      const second = await step('second', echo.add, { name: `${name}-b`, n: first.n });
      return { first: first.name, second: second.name };
    },
  };
  let contexts: object[] = [];

  beforeAll(async () => {
    await kit.server({
      say: (input, context) => say(input, context),
      add: (input, request, clone) => add(input, request, clone),
      addTwice: flow,
      isTransient: (error) => error instanceof Error && error.message === 'passing',
      messaging: {
        runWith: (context, work) => {
          contexts.push(context);
          return work();
        },
      },
    });
    client = await kit.client();
  });

  beforeEach(() => {
    say = async (input) => input;
    add = ({ n }) => n + 1;
    contexts = [];
    kit.logged.length = 0;
  });

  afterAll(() => kit.end());

  it('answers queries and commands, names who served, and carries what the handler needs', async () => {
    const seen: object[] = [];
    say = async (input, { caller, budgetMs }) => {
      seen.push({ caller, budget: budgetMs > 1_000 && budgetMs <= GENEROUS_BUDGET_MS });
      return input;
    };
    add = ({ n }, { id, key, bodyText, expectedVersion, traceparent, budgetLeft }) => {
      seen.push({ id, key, bodyText, expectedVersion, traceparent, budget: budgetLeft() > 1_000 });
      return n + 1;
    };
    const request = sayRequest('hello');
    const reply = await client.request(request);
    expect(reply).toMatchObject({ ok: true, servedBy: 'echo-1' });
    expect(bodyOf(reply)).toEqual({ text: 'hello' });

    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const order = addRequest('ada', 4, { expectedVersion: 7, traceparent });
    expect(bodyOf(await client.request(order))).toEqual({ name: 'ada', n: 5, by: 'echo-1' });
    expect(seen).toEqual([
      { caller: request.caller, budget: true },
      { id: order.id, key: 'ada', bodyText: order.body, expectedVersion: 7, traceparent, budget: true },
    ]);
    expect(contexts).toEqual([
      { traceparent: undefined, messageId: request.id, operation: 'say' },
      { traceparent, messageId: order.id, operation: 'add' },
    ]);
  });

  it('answers through Nest’s own send, too', async () => {
    const { body: _body, ...pattern } = sayRequest('');
    expect(await lastValueFrom(client.send(pattern, { text: 'nest' }))).toEqual({ text: 'nest' });
    await expect(lastValueFrom(client.send(pattern, { text: '' }))).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(lastValueFrom(client.emit('said', {}))).rejects.toThrow('through the outbox');
  });

  it('refuses an invalid input and says where it is wrong; the handler is not called', async () => {
    add = () => {
      throw new Error('must not be called');
    };
    const reply = await client.request(addRequest('ada', 1, { body: '{"name":7,"n":1.5,"m":2}' }));
    expect(reply.ok).toBe(false);
    expect(bodyOf(reply)).toEqual({
      code: 'INVALID_INPUT',
      detail: expect.stringMatching(/^name: .*string.* \(and 2 more, see errors\)$/),
      problems: [
        { pointer: '/name', detail: expect.stringContaining('string') },
        { pointer: '/n', detail: expect.stringContaining('int') },
        { pointer: '/m', detail: 'unknown field' },
      ],
    });
    expect(kit.logged).toEqual([]);
  });

  it.each([
    ['an unknown operation', { operation: 'shout' }, 'UNKNOWN_OPERATION'],
    ['a command sent as a query', { operation: 'add' }, 'UNKNOWN_OPERATION'],
    ['a contract version from the future', { contractVersion: 4 }, 'UNSUPPORTED_CONTRACT_VERSION'],
    [
      'an operation that only a future contract knows',
      { operation: 'shout', contractVersion: 4 },
      'UNSUPPORTED_CONTRACT_VERSION',
    ],
  ])('refuses %s by a typed error', async (_name, over, code) => {
    const reply = await client.request(sayRequest('x', over));
    expect(reply.ok).toBe(false);
    expect(bodyOf(reply)).toMatchObject({ code });
  });

  it('answers the errors of the contract as the handler gave them', async () => {
    say = async (_input, { fail }) => fail('RUDE', 'Mind your language', [{ pointer: '/text', detail: 'rude' }]);
    expect(bodyOf(await client.request(sayRequest('x')))).toEqual({
      code: 'RUDE',
      detail: 'Mind your language',
      problems: [{ pointer: '/text', detail: 'rude' }],
    });
  });

  it.each([
    ['an exception', new Error('password is hunter2')],
    ['an error that its contract does not name', new OperationError('SECRET_CODE', 'password is hunter2')],
  ])('answers %s of a handler with INTERNAL, shows nothing of it, and logs it', async (_name, error) => {
    say = () => Promise.reject(error);
    const reply = await client.request(sayRequest('x'));
    expect(bodyOf(reply)).toMatchObject({ code: 'INTERNAL' });
    expect(reply.body.toString()).not.toContain('hunter2');
    expect(reply.body.toString()).not.toContain('SECRET_CODE');
    expect(kit.logged).toMatchObject([{ level: 'error', fields: { err: error, operation: 'say' } }]);
  });

  it('tries a fault that may pass again, under the same id, until it passed', async () => {
    const ids: string[] = [];
    add = ({ n }, { id }) => {
      ids.push(id);
      if (ids.length < 4) throw new Error('passing');
      return n;
    };
    const request = addRequest('ada', 9);
    expect(bodyOf(await client.request(request))).toMatchObject({ n: 9 });
    expect(ids).toEqual(Array(4).fill(request.id));
  });

  it('gives up on a fault that does not pass within the budget: UNAVAILABLE, in time', async () => {
    let attempts = 0;
    add = () => {
      attempts += 1;
      throw new Error('passing');
    };
    await withinDeadline(10_000, () =>
      expect(client.request(addRequest('ada', 1, { budgetMs: 3_000 }))).rejects.toMatchObject({ code: 'UNAVAILABLE' }),
    );
    expect(attempts).toBeGreaterThan(3);
    const soFar = attempts;
    await client.request(addRequest('ada', 1, { body: '{"name":"ada"}' })); // the same key's next: it waits for the one before
    expect(attempts).toBe(soFar);
  });

  it('runs a flow’s steps as commands of their own, under ids that a retry gets again', async () => {
    const steps: object[] = [];
    add = ({ n }, { id, key, bodyText }) => {
      steps.push({ id, key, bodyText });
      return n + 1;
    };
    const request = addRequest('ada', 1, { operation: 'addTwice' });
    expect(bodyOf(await client.request(request))).toEqual({ first: 'ada-a', second: 'ada-b' });
    expect(steps).toMatchObject([
      { key: 'ada-a', bodyText: '{"name":"ada-a","n":1}' },
      { key: 'ada-b', bodyText: '{"name":"ada-b","n":2}' },
    ]);
    await client.request(request);
    expect(steps.slice(2)).toEqual(steps.slice(0, 2));
    expect(new Set(steps.map((step) => (step as { id: string }).id)).size).toBe(2);
  });

  it('answers a flow with the business error of its step', async () => {
    add = () => {
      throw new OperationError('TOO_MANY', 'enough');
    };
    const reply = await client.request(addRequest('ada', 1, { operation: 'addTwice' }));
    expect(bodyOf(reply)).toEqual({ code: 'TOO_MANY', detail: 'enough' });
  });

  it('says so when a request is too large for a message, and goes on', async () => {
    const large = sayRequest('x'.repeat(2_000_000));
    const [tooLarge, fine] = await Promise.allSettled([client.request(large), client.request(sayRequest('small'))]);
    expect(tooLarge).toMatchObject({ status: 'rejected', reason: { code: 'PAYLOAD_TOO_LARGE' } });
    expect(fine).toMatchObject({ status: 'fulfilled', value: { ok: true } });
  });

  it('answers UNAVAILABLE at the end of the budget when no clone serves, and soon for a service that never was', async () => {
    await kit
      .port()
      .then((port) =>
        port.admin.createTopics([{ topic: `${kit.prefix}absent.queries`, partitions: 1, replicationFactor: 1 }]),
      );
    const absent = client.request(sayRequest('x', { service: 'absent', budgetMs: 400 }));
    await expect(absent).rejects.toMatchObject({ code: 'UNAVAILABLE', message: 'absent gave no answer within 400 ms' });
    const never = client.request(sayRequest('x', { service: 'never' }));
    await expect(never).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('never started'), // reported at once, and not at the end of the budget
    });
  });

  it('sends many at once without mixing up their answers', async () => {
    const texts = Array.from({ length: 500 }, (_, i) => `text ${i}`);
    const bound = { start: 1_000, min: 1, max: 1_000, targetWaitMs: 10_000 };
    const busy = await kit.client({ bound });
    const replies = await Promise.all(texts.map((text) => busy.request(sayRequest(text))));
    expect(replies.map((reply) => (bodyOf(reply) as { text: string }).text)).toEqual(texts);
  });

  it('ends what is in flight before it closes, and refuses what comes after', async () => {
    const leaving = await kit.client();
    const held = Promise.withResolvers<void>();
    say = async (input) => {
      await held.promise;
      return input;
    };
    const inFlight = leaving.request(sayRequest('last'));
    await eventually(() => expect(contexts).toHaveLength(1));
    const closed = leaving.close();
    await expect(leaving.request(sayRequest('late'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    held.resolve();
    expect(bodyOf(await inFlight)).toEqual({ text: 'last' });
    await closed;
    const { admin } = await kit.port();
    // A broker's list may show a deleted topic for a moment.
    await eventually(async () => expect(await admin.listTopics()).not.toContain(leaving.replyTopic));
  });

  it('needs an id only once: replies of a second delivery are ignored', async () => {
    const request = sayRequest('twice', { id: newId() });
    const both = await Promise.all([client.request(request), client.request(request)]);
    expect(both.map(bodyOf)).toEqual([{ text: 'twice' }, { text: 'twice' }]);
  });
});
