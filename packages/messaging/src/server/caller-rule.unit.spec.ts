import { command, query, service } from '@stoa/contract-kit';
import { z } from 'zod';
import type { Caller } from '../api/requests.js';
import { newId } from '../protocol/ids.js';
import { bindOperations } from './binding.js';
import { Dispatcher } from './dispatcher.js';

const empty = { input: z.object({}), output: z.object({}) };
const shop = service(
  'shop',
  { version: 1, title: 'Shop', description: '' },
  {
    look: query({ summary: 'Look', caller: 'anyone', ...empty }),
    buy: command({ summary: 'Buy', caller: 'customer', key: 'command.id', ...empty }),
    changePrice: command({ summary: 'Change a price', caller: 'operator:catalog', key: 'command.id', ...empty }),
    listBuyers: query({ summary: 'List buyers', caller: 'operator:support', ...empty }),
    reserve: command({ summary: 'Reserve', caller: 'service:cart', key: 'command.id', ...empty }),
    settle: command({ summary: 'Settle', caller: 'service:cart-2', key: 'command.id', ...empty }),
  },
);

describe('the caller rule of a contract, in its service', () => {
  let settled = 0;
  const handler = { handle: async () => ({}) };
  const dispatcher = new Dispatcher(
    {
      contract: shop,
      operations: bindOperations(
        shop,
        new Map(['look', 'buy', 'changePrice', 'listBuyers', 'reserve', 'settle'].map((name) => [name, handler])),
      ),
      executor: {
        execute: async () => ({ ok: true, body: '{}' }),
        settle: async () => ({ ok: true, body: `{"settled":${(settled += 1)}}` }),
      },
      isTransient: () => false,
    },
    { warn: () => undefined } as never,
  );
  const envelope = (operation: string, kind: Caller['kind'], roles?: readonly string[]) => ({
    id: newId(),
    operation,
    correlation: '1',
    replyTopic: 'x.replies.y',
    budgetMs: 100,
    contractVersion: 1,
    key: operation === 'look' || operation === 'listBuyers' ? null : 'one',
    caller:
      kind === 'service'
        ? { kind, name: 'cart' }
        : { kind, customerId: newId(), ...(roles !== undefined && { roles }) },
    proof: undefined,
    traceparent: undefined,
    expectedVersion: undefined,
    body: Buffer.from('{}'),
    appendedAt: 0,
  });
  const outcome = async (operation: string, kind: Caller['kind'], roles?: readonly string[]): Promise<string> => {
    const { ok, body } = await dispatcher.run(envelope(operation, kind, roles), () => 100);
    return ok ? 'ok' : JSON.parse(body).code;
  };

  it.each([
    ['look', 'ok', 'ok', 'ok', 'ok'],
    ['buy', 'FORBIDDEN', 'FORBIDDEN', 'ok', 'ok'],
    ['changePrice', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'ok'],
    ['reserve', 'ok', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'],
    ['settle', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN', 'FORBIDDEN'],
  ])('%s: service %s, guest %s, customer %s, operator %s', async (operation, ...expected) => {
    const kinds = ['service', 'guest', 'customer', 'operator'] as const;
    expect(await Promise.all(kinds.map((kind) => outcome(operation, kind)))).toEqual(expected);
  });

  it.each([
    [undefined, 'ok', 'ok'],
    [['owner'], 'ok', 'ok'],
    [['catalog'], 'ok', 'FORBIDDEN'],
    [['support', 'catalog'], 'ok', 'ok'],
    [['read-only'], 'FORBIDDEN', 'ok'],
    [[], 'FORBIDDEN', 'FORBIDDEN'],
  ])('operators of the roles %p', async (roles, changes, lists) => {
    const outcomes = ['changePrice', 'listBuyers'].map((operation) => outcome(operation, 'operator', roles));
    expect(await Promise.all(outcomes)).toEqual([changes, lists]);
  });

  it('says nothing of what became of a command to whom it is not for', async () => {
    const { ok } = await dispatcher.runLate(envelope('changePrice', 'guest'), () => -1, 200);
    expect([ok, settled]).toEqual([false, 0]);
  });
});
