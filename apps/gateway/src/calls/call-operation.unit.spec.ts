import { command } from '@stoa/contract-kit';
import { newId, type IncomingReply, type OutgoingRequest } from '@stoa/messaging';
import { trace } from '@stoa/service';
import { z } from 'zod';
import { operationOf } from '../../test/operations.js';
import { NOBODY } from '../identity/identity.js';
import type { Contracts } from '../services/contracts.js';
import { CallOperation } from './call-operation.js';
import { SealSecrets } from './seal-secrets.js';

const operation = operationOf(
  command({
    http: 'POST /v1/notes',
    summary: 'Add',
    caller: 'anyone',
    key: 'command.id',
    input: z.object({ text: z.string() }),
    output: z.object({}),
    errors: { NO_MORE: 409 },
  }),
);
const raised = (since: number) => ({ ...operation, document: { ...operation.document, since } });
const failed = (code: string): IncomingReply => ({
  ok: false,
  body: Buffer.from(JSON.stringify({ code, detail: code })),
  servedBy: 'test-1',
});
const done: IncomingReply = { ok: true, body: Buffer.from('{}'), servedBy: 'test-1' };

const id = newId();

/** Calls an operation of version `since` of a service that sends these replies one after the other. */
async function call(since: number, replies: readonly IncomingReply[], budgetMs = 5_000) {
  const sent: OutgoingRequest[] = [];
  const request = async (outgoing: OutgoingRequest): Promise<IncomingReply> => replies[sent.push(outgoing) - 1]!;
  const calls = new CallOperation(
    { request, hasRoom: () => true },
    new SealSecrets({ sealingKey: () => undefined } as unknown as Contracts, {} as never),
  );
  const context = { input: { text: 'a' }, caller: NOBODY, id, trace: trace.start(), budgetMs };
  const outcome = await calls
    .run({ ...context, operation: raised(since) })
    .catch((error: { code: string }) => error.code);
  // The same command, however often it is sent.
  expect(new Set(sent.map((outgoing) => outgoing.id))).toEqual(new Set([id]));
  return { outcome, sent: sent.map(({ contractVersion }) => contractVersion) };
}

describe('CallOperation', () => {
  const older = failed('UNSUPPORTED_CONTRACT_VERSION');

  it('calls a clone of the version before as the version before did', async () => {
    expect(await call(3, [done])).toEqual({ outcome: done, sent: [3] });
    expect(await call(3, [older, done])).toEqual({ outcome: done, sent: [3, 2] });
    expect((await call(3, [older, failed('NO_MORE')])).outcome).toBe('NO_MORE');
  });

  it.each(['INVALID_INPUT', 'UNKNOWN_OPERATION', 'UNSUPPORTED_CONTRACT_VERSION'])(
    'throws the first error where that clone says %s: the request is of the newer version',
    async (code) => {
      expect((await call(3, [older, failed(code)])).outcome).toBe('UNSUPPORTED_CONTRACT_VERSION');
    },
  );

  it('calls once where there is no version before, or no time left', async () => {
    for (const tried of [await call(1, [older]), await call(3, [older], 10)])
      expect(tried).toEqual({ outcome: 'UNSUPPORTED_CONTRACT_VERSION', sent: [expect.any(Number)] });
  });
});
