import { command, event, service, state } from '@stoa/contract-kit';
import type { OutgoingRecord } from '@stoa/kafka';
import { GENEROUS_BUDGET_MS } from '@stoa/testing';
import { z } from 'zod';
import type { Sql } from '@stoa/postgres';
import type { BoundCommand, CommandRequest } from '../../src/api/command-execution.js';
import { newId } from '../../src/protocol/ids.js';
import type { CommandContext, Handler } from '../../src/api/handlers.js';

const Count = z.object({ name: z.string(), count: z.int() });
const input = z.object({ name: z.string(), by: z.int() });

/** A service that counts: the least that has an effect, business errors, events and states. */
export const counter = service(
  'counter',
  { version: 1, title: 'Counter', description: 'Counts.' },
  {
    add: command({
      summary: 'Add',
      caller: 'anyone',
      key: 'input.name',
      input,
      output: Count,
      errors: { TOO_MUCH: 409, LOCKED: 409 },
    }),
    addSecretly: command({
      summary: 'Add, with a reply that must not be stored',
      caller: 'anyone',
      key: 'input.name',
      input: input.extend({ password: z.string().meta({ writeOnly: true }) }),
      output: Count,
      errors: { WRONG: 409 },
      secretReply: true,
    }),
    addWithPassword: command({
      summary: 'Add',
      caller: 'anyone',
      key: 'input.name',
      input: input.extend({ password: z.string().meta({ writeOnly: true }) }),
      output: Count,
    }),
    counted: event({ summary: 'It was added to', key: 'name', data: Count }),
    doubled: event({ summary: 'An even count was reached', key: 'name', data: Count }),
    current: state({ summary: 'The count', key: 'name', data: Count }),
  },
);

export const COUNTER_TABLES = `
  CREATE TABLE counters (name text PRIMARY KEY, count int NOT NULL, version int NOT NULL DEFAULT 1);
  CREATE TABLE seen (n bigint GENERATED ALWAYS AS IDENTITY, name text, count int, version int);
  CREATE TABLE copy (name text PRIMARY KEY, count int NOT NULL, version bigint NOT NULL);`;

const ADD = `INSERT INTO counters (name, count) VALUES ($1, $2)
  ON CONFLICT (name) DO UPDATE SET count = counters.count + excluded.count, version = counters.version + 1
  RETURNING count, version`;

export async function addTo(tx: Sql, name: string, by: number): Promise<{ count: number; version: number }> {
  const { rows } = await tx.query<{ count: number; version: number }>(ADD, [name, by]);
  return rows[0]!;
}

export type AddContext = CommandContext<typeof counter.add>;
export type AddInput = { name: string; by: number };

/** Binds a handler to `add`. */
export function boundAdd(handle: Handler<typeof counter.add>['handle']): BoundCommand {
  return { operation: counter.add, handler: { handle } as unknown as BoundCommand['handler'] };
}

/** Adds, and says so by an event. */
export const add = boundAdd(async ({ name, by }, { tx, publish }) => {
  const { count, version } = await addTo(tx, name, by);
  await publish(counter.counted, version, { name, count });
  return { name, count };
});

export function addRequest(name: string, by: number, more: Partial<CommandRequest> = {}): CommandRequest {
  const body = { name, by };
  return {
    id: newId(),
    key: name,
    bodyText: JSON.stringify(body),
    input: body,
    caller: { kind: 'service', name: 'test' },
    expectedVersion: undefined,
    traceparent: undefined,
    sentAt: new Date(),
    budgetLeft: () => GENEROUS_BUDGET_MS,
    ...more,
  };
}

/** A record on a topic of `counter`, as its relay would send it: `count` null is a state that is gone. */
export const counterRecord = (
  prefix: string,
  topic: 'events' | 'states',
  type: string,
  name: string,
  version: number,
  count: number | null = version,
): OutgoingRecord => ({
  topic: `${prefix}counter.${topic}`,
  key: name,
  value: count === null ? null : JSON.stringify({ name, count }),
  headers: { id: newId(), type, version: String(version), v: '1' },
});
