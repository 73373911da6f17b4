import { claim, finish, recordAll } from '@stoa/messaging/testing';
import { commandWithReply } from './carts.js';
import type { OpenKeyspace } from '../sharded/cluster.js';

const BATCH = 7;
const IN_FLIGHT = 4;
/** Longer than any measurement. */
const DEADLINE_MS = 3_600_000;

interface Size {
  readonly heap: number;
  readonly indexes: number;
  readonly replies: number;
}

const SIZE = `SELECT (pg_table_size('inbox') - pg_relation_size('inbox', 'fsm') - pg_relation_size('inbox', 'vm'))::float8 AS heap,
  pg_indexes_size('inbox')::float8 AS indexes, (SELECT count(*)::int FROM inbox) AS replies`;

/** The disk space of a kept reply, for carts of ever more lines, written by single commands and by batches. */
export async function measureReplies(carts: OpenKeyspace, commands: number): Promise<void> {
  const [server] = carts.database.servers();
  if (!server) throw new Error('there is no shard');
  console.log('\nA kept reply: its bytes, then bytes on the disk (table, indexes)');
  for (const lines of [1, 3, 6, 12, 30]) {
    const [, { body }] = commandWithReply(0, lines);
    for (const way of ['alone', 'in batches'] as const) {
      await carts.everywhere(EMPTY);
      let seed = 0;
      const until = new Date(Date.now() + DEADLINE_MS).toISOString();
      const next = () => commandWithReply(seed++, lines);
      const alone = async (): Promise<void> => {
        const [key, reply] = next();
        await server.transaction(async (tx) => {
          await claim(tx, key);
          await finish(tx, key, reply, [], until);
        });
      };
      const batch = (): Promise<void> =>
        server.transaction((tx) =>
          recordAll(
            tx,
            Array.from({ length: BATCH }, () => {
              const [inbox, reply] = next();
              return { inbox, reply, until };
            }),
          ),
        );
      const [once, members] = way === 'alone' ? [alone, 1] : [batch, BATCH];
      const work = async (): Promise<void> => {
        for (let done = 0; done < commands / IN_FLIGHT; done += members) await once();
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, work));
      const [size] = await server.read<Size>({ text: SIZE });
      if (!size) throw new Error('no size');
      const each = (bytes: number): string => String(Math.round(bytes / size.replies)).padStart(6);
      console.log(`  ${String(body.length).padStart(6)} ${way.padEnd(10)} ${each(size.heap)} ${each(size.indexes)}`);
    }
  }
}

/** As the owner: TRUNCATE is refused to everybody else. */
export const EMPTY = `ALTER TABLE inbox DISABLE TRIGGER sharding_3_truncate;
  TRUNCATE inbox;
  ALTER TABLE inbox ENABLE TRIGGER sharding_3_truncate`;
