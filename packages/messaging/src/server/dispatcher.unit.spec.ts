import { OperationError, type Command } from '@stoa/contract-kit';
import { z } from 'zod';
import type { CommandReply } from '../api/command-execution.js';
import { newId } from '../protocol/ids.js';
import type { FlowContext } from '../api/handlers.js';
import type { Binding } from './binding.js';
import { Dispatcher } from './dispatcher.js';
import type { Envelope } from '../protocol/envelope.js';
import { businessErrorReply } from '../protocol/business-errors.js';

describe('a request whose budget is over', () => {
  const binding = {
    contract: { $about: { name: 'counter', version: 1 } },
    operations: new Map(),
    executor: { execute: () => Promise.reject(new Error('must not run')) },
  } as unknown as Binding;
  const dispatcher = new Dispatcher(binding, { warn: () => undefined } as never);
  const envelope = (key: string | null, contractVersion: number): Envelope => ({
    id: 'id',
    operation: 'added',
    correlation: '1',
    replyTopic: 'x.replies.y',
    budgetMs: 100,
    contractVersion,
    key,
    caller: { kind: 'service', name: 'test' },
    proof: undefined,
    traceparent: undefined,
    expectedVersion: undefined,
    body: Buffer.from('{}'),
    appendedAt: 0,
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

describe('a flow with a step that is too late', () => {
  const late = businessErrorReply(new OperationError('DEADLINE_EXCEEDED', 'Not done'));
  const add = { service: 'counter', name: 'add', kind: 'command', key: 'input.name', errors: {}, caller: 'anyone' };
  const input = z.object({ name: z.string() });

  const codeOf = async (...replies: CommandReply[]): Promise<unknown> => {
    const run = async (_: unknown, { step }: FlowContext<Command>): Promise<object> => {
      for (const name of ['first', 'second']) await step(name, add as never, { name: 'one' } as never);
      return {};
    };
    const operations = new Map<string, object>([
      ['add', { kind: 'command', operation: add, input }],
      ['addTwice', { kind: 'flow', operation: { ...add, name: 'addTwice' }, input, flow: { run } }],
    ]);
    const contract = { $about: { name: 'counter', version: 1 } };
    const executor = { execute: async () => replies.shift()! };
    const binding = { contract, operations, executor, isTransient: () => false } as unknown as Binding;
    const dispatcher = new Dispatcher(binding, { error: () => undefined } as never);
    const reply = await dispatcher.run(
      {
        id: newId(),
        operation: 'addTwice',
        correlation: '1',
        replyTopic: 'x.replies.y',
        budgetMs: 100,
        contractVersion: 1,
        key: 'one',
        caller: { kind: 'service', name: 'test' },
        proof: undefined,
        traceparent: undefined,
        expectedVersion: undefined,
        body: Buffer.from('{"name":"one"}'),
        appendedAt: 0,
      },
      () => 100,
    );
    return JSON.parse(reply.body).code;
  };

  it('was not done, where it is the first', async () => {
    expect(await codeOf(late)).toBe('DEADLINE_EXCEEDED');
  });

  it('was perhaps done, where one before was', async () => {
    expect(await codeOf({ ok: true, body: '{}' }, late)).toBe('UNAVAILABLE');
  });
});
