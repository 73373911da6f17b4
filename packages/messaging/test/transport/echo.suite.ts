import { command, query, service } from '@stoa/contract-kit';
import { z } from 'zod';

const Text = z.object({ text: z.string().min(1) });

/** A small service to test the transport with. */
export const echo = service(
  'echo',
  { version: 3, title: 'Echo', description: 'For tests' },
  {
    say: query({ summary: 'Say it again', caller: 'anyone', input: Text, output: Text, errors: { RUDE: 400 } }),
    add: command({
      summary: 'Add one to what a key counts',
      caller: 'anyone',
      key: 'input.name',
      input: z.object({ name: z.string(), n: z.int() }),
      output: z.object({ name: z.string(), n: z.int(), by: z.string() }),
      errors: { TOO_MANY: 409 },
    }),
    addTwice: command({
      summary: 'A flow of two steps',
      caller: 'anyone',
      key: 'input.name',
      input: z.object({ name: z.string(), n: z.int() }),
      output: z.object({ first: z.string(), second: z.string() }),
      errors: { TOO_MANY: 409 },
    }),
  },
);
