import { PgDatabase } from '@stoa/postgres';
// A service as small as one can be: what run-service.int.spec.ts runs as a process of its own.
import { setTimeout as delay } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { command, query, service } from '@stoa/contract-kit';
import { MessagingModule } from '@stoa/messaging';
import { commonVariables, postgresUrl, runService } from '@stoa/service';
import { z } from 'zod';

export const fixture = service(
  'fixture',
  { version: 1, title: 'Fixture', description: 'For tests' },
  {
    put: command({
      summary: 'Answers after a while',
      caller: 'anyone',
      key: 'command.id',
      input: z.object({ waitMs: z.int() }),
      output: z.object({ waited: z.int() }),
    }),
    crash: query({
      summary: 'Throws where nobody catches',
      caller: 'anyone',
      input: z.object({}),
      output: z.object({}),
    }),
  },
);

class Put {
  handle = async ({ waitMs }, { tx }) => {
    await tx.query('SELECT pg_sleep($1)', [waitMs / 1000]);
    return { waited: waitMs };
  };
}

class Crash {
  handle = async () => {
    setTimeout(() => {
      throw new Error('nobody catches this');
    });
    await delay(1_000);
    return {};
  };
}

// oxlint-disable-next-line typescript/no-extraneous-class -- a Nest module; JavaScript has no decorators to say so
class FixtureModule {}
Module({ imports: [MessagingModule.serve(fixture, { put: Put, crash: Crash })] })(FixtureModule);

if (process.argv[1] === import.meta.filename) {
  await runService({
    name: 'fixture',
    module: FixtureModule,
    config: commonVariables.extend({ FIXTURE_DATABASE_URL: postgresUrl('the test') }),
    database: (config, context) => new PgDatabase({ name: 'fixture', urls: [config.FIXTURE_DATABASE_URL], ...context }),
  });
}
