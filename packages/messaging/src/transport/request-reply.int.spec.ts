import { addRequest, bodyOf, Kit, sayRequest } from './kit.suite.js';

describe('request and reply', () => {
  const kit = new Kit();
  afterAll(() => kit.end());

  it('answers queries and commands, names who served, and carries what the handler needs', async () => {
    const seen: object[] = [];
    await kit.server({
      say: async (input, { caller, budgetMs }) => {
        seen.push({ caller, budget: budgetMs > 4_000 && budgetMs <= 5_000 });
        return input;
      },
      add: ({ n }, { id, key, bodyText, expectedVersion }) => {
        seen.push({ id, key, bodyText, expectedVersion });
        return n + 1;
      },
    });
    const client = await kit.client();
    const question = sayRequest('hello');
    const reply = await client.request(question);
    expect(reply).toMatchObject({ ok: true, servedBy: 'echo-1' });
    expect(bodyOf(reply)).toEqual({ text: 'hello' });
    const order = addRequest('ada', 4, { expectedVersion: 7 });
    expect(bodyOf(await client.request(order))).toEqual({ name: 'ada', n: 5, by: 'echo-1' });
    expect(seen).toEqual([
      { caller: question.caller, budget: true },
      { id: order.id, key: 'ada', bodyText: order.body, expectedVersion: 7 },
    ]);
  });
});
