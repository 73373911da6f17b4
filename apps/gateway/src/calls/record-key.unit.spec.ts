import { command } from '@stoa/contract-kit';
import { deriveId, newId } from '@stoa/messaging';
import { z } from 'zod';
import { operationOf } from '../../test/operations.js';
import { recordKey } from './record-key.js';

const CALLER = '01890a5d-ac96-774b-bcce-b302099a8057';

const write = (key: 'caller.customerId' | 'command.id' | 'input.email') =>
  operationOf(
    command({
      http: 'POST /v1/things',
      summary: 'Add',
      caller: 'anyone',
      key,
      input: z.object({ email: z.string().optional() }),
      output: z.object({}),
    }),
  );

describe('recordKey', () => {
  const id = newId();
  it('follows the contract', () => {
    expect(recordKey(write('caller.customerId'), {}, CALLER, id)).toBe(CALLER);
    expect(recordKey(write('command.id'), {}, CALLER, id)).toBe(deriveId(id, 'mint', '0'));
    expect(recordKey(write('input.email'), { email: 'Ada@Example.com' }, CALLER, id)).toBe('ada@example.com');
  });
});
