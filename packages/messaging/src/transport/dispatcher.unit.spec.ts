import type { Binding } from './binding.js';
import { Dispatcher } from './dispatcher.js';
import type { Envelope } from './envelope.js';

describe('a request whose budget is over', () => {
  const binding = {
    contract: { $about: { name: 'counter', version: 1 } },
    operations: new Map(),
    executor: { execute: () => Promise.reject(new Error('must not run')) },
  } as unknown as Binding;
  const dispatcher = new Dispatcher(binding, { warn: () => undefined } as never);
  const envelope = (key: string | null, contractVersion: number): Envelope => ({
    ...{
      id: 'id',
      operation: 'added',
      correlation: '1',
      replyTopic: 'x.replies.y',
      budgetMs: 100,
      contractVersion,
      key,
    },
    ...{ caller: { kind: 'service', name: 'test' }, traceparent: undefined, expectedVersion: undefined },
    ...{ body: Buffer.from('{}'), appendedAt: 0 },
  });
  const codeOf = async (key: string | null, version: number): Promise<unknown> =>
    JSON.parse((await dispatcher.runLate(envelope(key, version), () => -1, 200)).body).code;

  it('was perhaps done, where it is a command that newer clones know', async () => {
    expect(await codeOf('key', 2)).toBe('UNAVAILABLE');
    expect(await codeOf('key', 1)).toBe('UNAVAILABLE');
  });

  it('was not done, where it is a query', async () => {
    expect(await codeOf(null, 2)).toBe('DEADLINE_EXCEEDED');
  });
});
