import { PgDatabase } from '@stoa/postgres';
// A service that only subscribes to an event, its own. infra/local's dead-letters.int.spec.ts runs it as a process.
import { Module } from '@nestjs/common';
import { event, service } from '@stoa/contract-kit';
import { MessagingModule, onEvent } from '@stoa/messaging';
import { commonVariables, postgresUrl, runService } from '@stoa/service';
import { z } from 'zod';

const noter = service(
  'noter',
  { version: 1, title: 'Noter', description: 'For tests' },
  { noted: event({ summary: 'Something was noted', key: 'id', data: z.object({ id: z.string(), text: z.string() }) }) },
);

/** Fails for as long as there is no table to write to. */
class WriteDown {
  on = async ({ id, text }, { tx }) => {
    await tx.query('INSERT INTO written (id, text) VALUES ($1, $2)', [id, text]);
  };
}

// oxlint-disable-next-line typescript/no-extraneous-class -- a Nest module; JavaScript has no decorators to say so
class NoterModule {}
Module({ imports: [MessagingModule.serve(noter, {}, { subscriptions: [onEvent(noter.noted, WriteDown)] })] })(
  NoterModule,
);

await runService({
  name: 'noter',
  module: NoterModule,
  config: commonVariables.extend({ NOTER_DATABASE_URL: postgresUrl('the test') }),
  database: (config, context) => new PgDatabase({ name: 'noter', urls: [config.NOTER_DATABASE_URL], ...context }),
});
