import { command, event, service, state } from '@stoa/contract-kit';
import { z } from 'zod';
import type { BoundCommand } from '../../src/api/command-execution.js';
import type { Handler } from '../../src/api/handlers.js';

const Note = z.object({ name: z.string(), text: z.string() });

/** A service whose replies, events and states are as large as a test wants. */
export const notes = service(
  'notes',
  { version: 1, title: 'Notes', description: 'Keeps texts.' },
  {
    write: command({
      summary: 'Write',
      caller: 'anyone',
      key: 'input.name',
      input: z.object({ name: z.string(), by: z.int() }),
      output: Note,
    }),
    written: event({ summary: 'It was written', key: 'name', data: Note }),
    text: state({ summary: 'What is written', key: 'name', data: Note }),
  },
);

export const boundWrite = (handle: Handler<typeof notes.write>['handle']): BoundCommand => ({
  operation: notes.write,
  handler: { handle } as unknown as BoundCommand['handler'],
});
