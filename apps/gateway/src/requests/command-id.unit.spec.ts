import { command } from '@stoa/contract-kit';
import { z } from 'zod';
import { operationOf } from '../../test/operations.js';
import { commandId, idempotencyKey } from './command-id.js';

const CALLER = '01890a5d-ac96-774b-bcce-b302099a8057';
const OTHER = '01890a5d-ac96-774b-bcce-b302099a8058';

const write = (key: 'caller.customerId' | 'command.id') =>
  operationOf(
    command({
      http: 'POST /v1/things',
      summary: 'Add',
      caller: 'anyone',
      key,
      input: z.object({}),
      output: z.object({}),
    }),
  );

const attempt = { operation: write('command.id'), path: '/v1/things', key: 'k1', callerId: CALLER, body: '{}' };

describe('commandId', () => {
  it('is the same for the same caller, operation, path and key, whatever the body', () => {
    expect(commandId(attempt)).toBe(commandId({ ...attempt, body: '{"a":1}' }));
    expect(commandId(attempt)).toMatch(/^01890a5d-ac96-7[0-9a-f]{3}-[89ab]/);
  });

  it.each([
    ['caller', { callerId: OTHER }],
    ['path', { path: '/v1/others' }],
    ['key', { key: 'k2' }],
  ])('differs by %s', (_what, change) => {
    expect(commandId({ ...attempt, ...change })).not.toBe(commandId(attempt));
  });

  it('is fresh without a key', () => {
    const fresh = { ...attempt, key: undefined };
    expect(commandId(fresh)).not.toBe(commandId(fresh));
  });

  it('belongs to the body too when nobody is known to ask', () => {
    const stranger = { ...attempt, callerId: undefined };
    expect(commandId(stranger)).toBe(commandId(stranger));
    expect(commandId(stranger)).not.toBe(commandId({ ...stranger, body: '{"a":1}' }));
  });

  it('is never shared by two strangers who get a cart each', () => {
    const stranger = { ...attempt, operation: write('caller.customerId'), callerId: undefined };
    expect(commandId(stranger)).not.toBe(commandId(stranger));
  });
});

describe('idempotencyKey', () => {
  it('takes 1 to 255 visible characters', () => {
    expect(idempotencyKey(undefined)).toBeUndefined();
    expect(idempotencyKey('a')).toBe('a');
    expect(idempotencyKey('~'.repeat(255))).toHaveLength(255);
  });

  it.each([[''], ['a b'], ['ä'], ['a'.repeat(256)]])('refuses %j', (key) => {
    expect(() => idempotencyKey(key)).toThrow('Idempotency-Key');
  });
});
