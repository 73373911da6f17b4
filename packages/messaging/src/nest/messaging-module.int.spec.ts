import { Global, Injectable, Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AsyncMicroserviceOptions } from '@nestjs/microservices';
import { service, type DataOf } from '@stoa/contract-kit';
import { eventually } from '@stoa/testing';
import { COUNTER_TABLES, addTo, counter } from '../../test/support/counter.js';
import { messagingDatabase, type TestMessagingDatabase } from '../../test/support/messaging-database.js';
import { newId } from '../protocol/ids.js';
import { MESSAGING_OPTIONS } from '../api/options.js';
import { StoaClient } from '../client/stoa-client.js';
import { StoaServer } from '../server/stoa-server.js';
import { bodyOf, Kit, sayRequest } from '../../test/transport/kit.suite.js';
import { DATABASE } from '../api/database.js';
import { type Handler } from '../api/handlers.js';
import { type EventContext, type EventHandler } from '../api/subscriptions.js';
import { MessagingModule, stoaTransport } from './messaging-module.js';
import { onEvent } from './subscriptions.js';

/** A dependency that only the service's own module provides. */
@Injectable()
class Rules {
  readonly most = 100;
}

@Injectable()
class Add implements Handler<typeof counter.add> {
  constructor(private readonly rules: Rules) {}

  readonly handle: Handler<typeof counter.add>['handle'] = async ({ name, by }, { tx, publish, fail }) => {
    if (by > this.rules.most) fail('TOO_MUCH', `at most ${this.rules.most}`);
    const { count, version } = await addTo(tx, name, by);
    await publish(counter.counted, version, { name, count });
    return { name, count };
  };
}

@Injectable()
class AddSecretly implements Handler<typeof counter.addSecretly> {
  readonly handle: Handler<typeof counter.addSecretly>['handle'] = async ({ name, by }, { tx }) => ({
    name,
    count: (await addTo(tx, name, by)).count,
  });
}

@Injectable()
class RecordCount implements EventHandler<typeof counter.counted> {
  readonly on = async (
    { name, count }: DataOf<typeof counter.counted>,
    { tx, version }: EventContext,
  ): Promise<void> => {
    await tx.query('INSERT INTO seen (name, count, version) VALUES ($1, $2, $3)', [name, count, version]);
  };
}

@Module({
  imports: [
    MessagingModule.serve(
      counter,
      { add: Add, addSecretly: AddSecretly, addWithPassword: AddSecretly },
      { subscriptions: [onEvent(counter.counted, RecordCount)] },
    ),
  ],
  providers: [Rules],
})
class CounterModule {}

describe('MessagingModule', () => {
  const kit = new Kit();
  let db: TestMessagingDatabase;
  let app: INestMicroservice;
  let client: StoaClient;

  /** The service kit provides these to every app. */
  const withDependencies = (imports: object[]) => {
    const provided = [
      { provide: DATABASE, useValue: db.database },
      { provide: MESSAGING_OPTIONS, useValue: kit.options('counter', 'counter-1') },
    ];
    @Global()
    @Module({ providers: provided, exports: provided })
    class Dependencies {}
    @Module({ imports: [Dependencies, ...(imports as [])] })
    class Root {}
    return Root;
  };

  beforeAll(async () => {
    db = await messagingDatabase({ tables: COUNTER_TABLES });
    app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(withDependencies([CounterModule]), {
      ...stoaTransport,
      logger: false,
    });
    await app.listen();
    client = await kit.client();
  });

  afterAll(async () => {
    await app.close();
    await kit.end();
    await db.drop();
  });

  const add = (name: string, by: number, id = newId()) =>
    client.request({
      ...sayRequest(''),
      service: 'counter',
      operation: 'add',
      kind: 'command',
      key: name,
      id,
      body: JSON.stringify({ name, by }),
    });
  const seen = (name: string) =>
    db.database
      .server(0)
      .rows<{ count: number; version: number }>('SELECT count, version FROM seen WHERE name = $1 ORDER BY n', [name]);

  it('serves a contract with handlers that get their dependencies from the service’s own module', async () => {
    expect(bodyOf(await add('ada', 2))).toEqual({ name: 'ada', count: 2 });
    expect(bodyOf(await add('ada', 101))).toEqual({ code: 'TOO_MUCH', detail: 'at most 100' });
    await eventually(() => expect(app.get(StoaServer).isReady()).toBe(true));
  });

  it('runs a command once, however often it is delivered, and lets its event arrive once', async () => {
    const id = newId();
    const replies = await Promise.all([add('bob', 5, id), add('bob', 5, id), add('bob', 5, id)]);
    expect(replies.map(bodyOf)).toEqual(Array(3).fill({ name: 'bob', count: 5 }));
    expect(bodyOf(await add('bob', 6, id))).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    expect(bodyOf(await add('bob', 1))).toEqual({ name: 'bob', count: 6 });
    await eventually(async () =>
      expect(await seen('bob')).toMatchObject([
        { count: 5, version: 1 },
        { count: 6, version: 2 },
      ]),
    );
  });

  it('goes on after its database’s connections were cut: the caller notices nothing', async () => {
    const before = await add('cut', 1);
    expect(before.ok).toBe(true);
    await db.database
      .server(0)
      .rows(
        `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
    expect(bodyOf(await add('cut', 1))).toEqual({ name: 'cut', count: 2 });
  });

  it('gives a process that only asks a client', async () => {
    @Module({ imports: [MessagingModule.client()] })
    class Asking {}
    const context = await NestFactory.createApplicationContext(withDependencies([Asking]), { logger: false });
    const asking = context.get(StoaClient);
    await asking.connect();
    expect(asking.isReady()).toBe(true);
    await asking.close();
    await context.close();
  });
});

it('serves no contract that does not name whom its subscriptions follow', () => {
  const loner = service('loner', { version: 1, title: 'Loner', description: 'Follows nobody', follows: [] }, {});
  const subscriptions = [onEvent(counter.counted, RecordCount)];
  expect(() => MessagingModule.serve(loner, {}, { subscriptions })).toThrow(
    "loner subscribes to counter.counted, but its contract's 'follows' does not name counter",
  );
  const follower = service('follower', { ...loner.$about, follows: ['counter'] }, {});
  expect(() => MessagingModule.serve(follower, {}, { subscriptions })).not.toThrow();
});
