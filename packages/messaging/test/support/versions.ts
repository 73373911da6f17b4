import { event, service, state } from '@stoa/contract-kit';
import { z } from 'zod';
import type { Sql } from '@stoa/postgres';
import type { BoundSubscription, EventHandler, StateHandler } from '../../src/api/subscriptions.js';
import type { OutgoingRecord } from '@stoa/kafka';
import { onEvent, onState, type EventOptions } from '../../src/nest/subscriptions.js';
import { counter, counterRecord } from './counter.js';

const Count = z.object({ name: z.string(), count: z.int() });

/** The messages of `counter`, and those that a later version of it adds. */
export const messages = {
  counted: counter.counted,
  doubled: counter.doubled,
  current: counter.current,
  ...service(
    'counter',
    { version: 2, title: 'Counter', description: 'Counts.' },
    {
      tripled: event({ summary: 'A count was tripled', key: 'name', data: Count }),
      highest: state({ summary: 'The highest count', key: 'name', data: Count }),
    },
  ),
};

export const VERSIONS_TABLES = `
  CREATE TABLE heard (n bigint GENERATED ALWAYS AS IDENTITY, type text, name text, version int);
  CREATE TABLE copies (type text, name text, count int NOT NULL, version bigint NOT NULL, PRIMARY KEY (type, name));`;

type EventType = 'counted' | 'doubled' | 'tripled';
type StateType = 'current' | 'highest';

class Hear implements EventHandler<typeof messages.counted> {
  constructor(private readonly type: EventType) {}

  readonly on: EventHandler<typeof messages.counted>['on'] = async ({ name }, { tx, version }) => {
    await tx.query('INSERT INTO heard (type, name, version) VALUES ($1, $2, $3)', [this.type, name, version]);
  };
}

/** Notes in `heard` what comes. */
export const hears = (type: EventType, options?: EventOptions): BoundSubscription => ({
  subscription: onEvent(messages[type], Hear as never, options),
  handler: new Hear(type),
});

const UPSERT = `INSERT INTO copies (type, name, count, version) VALUES ($1, $2, $3, $4)
  ON CONFLICT (type, name) DO UPDATE SET count = excluded.count, version = excluded.version
  WHERE copies.version < excluded.version`;
const DELETE = 'DELETE FROM copies WHERE type = $1 AND name = $2 AND version < $3';

class Copy implements StateHandler<typeof messages.current> {
  constructor(
    private readonly type: StateType,
    private readonly beforeApply: () => Promise<void>,
  ) {}

  readonly apply: StateHandler<typeof messages.current>['apply'] = async (tx, states) => {
    await this.beforeApply();
    for (const { key, version, data } of states) {
      if (data) await tx.query(UPSERT, [this.type, key, data.count, version]);
      else await tx.query(DELETE, [this.type, key, version]);
    }
  };

  readonly clear = async (tx: Sql): Promise<boolean> => {
    const one = 'DELETE FROM copies WHERE type = $1 AND name = (SELECT min(name) FROM copies WHERE type = $1)';
    return ((await tx.query(one, [this.type])).rowCount ?? 0) > 0;
  };
}

/** Keeps a copy in `copies`. */
export const copies = (type: StateType, beforeApply = async (): Promise<void> => undefined): BoundSubscription => ({
  subscription: onState(messages[type], Copy as never),
  handler: new Copy(type, beforeApply),
});

/** A record of one of these messages, as the publisher's relay would send it: `count` null is a state that is gone. */
export const recordOf = (
  prefix: string,
  type: EventType | StateType,
  name: string,
  version: number,
  count: number | null = version,
): OutgoingRecord => {
  const topic = type === 'current' || type === 'highest' ? 'states' : 'events';
  return counterRecord(prefix, topic, type, name, version, count);
};
