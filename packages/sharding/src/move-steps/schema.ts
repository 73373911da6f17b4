import { oneRow } from '@stoa/postgres';
import type { MoveContext } from './context.js';
import { MoveRefused } from './errors.js';
import { movedTables } from '../installation/sharded-tables.js';

/** Compares the sharded tables of both sides. @throws MoveRefused when they differ. */
export async function compareSchemas({ sessions, move }: MoveContext): Promise<void> {
  const text = 'SELECT sharding.fingerprint() AS fingerprint';
  const [source, destination] = await Promise.all([
    oneRow<{ fingerprint: string }>(sessions.source, text),
    oneRow<{ fingerprint: string }>(sessions.destination, text),
  ]);
  if (source.fingerprint === destination.fingerprint) return;
  throw new MoveRefused(
    `The sharded tables of ${move.source} and ${move.destination} differ: bring both to the same migration first`,
  );
}

/** Advances the destination's sequences beyond the numbers in the copied rows. */
export async function advanceSequences(ctx: MoveContext): Promise<void> {
  const tables = await movedTables(ctx.sessions.source);
  const { rows } = await ctx.sessions.source.query<{ sequence: string; reached: string | null }>(
    `SELECT d.objid::regclass::text AS sequence, pg_sequence_last_value(d.objid::regclass) AS reached
     FROM pg_depend AS d JOIN pg_class AS c ON c.oid = d.objid AND c.relkind = 'S'
     WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
     AND d.refobjid = ANY ($1::regclass[])`,
    [tables],
  );
  const used = rows.filter(({ reached }) => reached !== null);
  if (used.length === 0) return;
  await ctx.change('destination', async (tx) => {
    for (const { sequence, reached } of used) {
      await tx.query('SELECT sharding.advance_sequence($1::regclass, $2)', [sequence, reached]);
    }
  });
}

/** Checks that both servers allow a move. @throws MoveRefused that lists the problems. */
export async function checkServers(ctx: MoveContext): Promise<void> {
  const { sessions, move } = ctx;
  const problems: string[] = [];
  const source = await abilities(ctx, 'source');
  const destination = await abilities(ctx, 'destination');
  if (source.wal_level !== 'logical')
    problems.push(`${move.source} needs wal_level = logical, not ${source.wal_level}`);
  // One slot for the move, and one for each of two tables that are copied at a time.
  if (source.free_slots < 3)
    problems.push(`${move.source} has ${source.free_slots} free replication slots, and needs 3`);
  for (const [shard, { replica }] of [
    [move.source, source],
    [move.destination, destination],
  ] as const) {
    if (!replica) problems.push(`the mover's role on ${shard} may not set session_replication_role`);
  }
  if (!destination.subscribe) problems.push(`the mover's role on ${move.destination} may not subscribe`);
  const { rows } = await sessions.source.query(
    `SELECT FROM unnest($1::smallint[]) AS b(bucket) JOIN sharding.bucket_owner USING (bucket) WHERE state = 'owned'`,
    [move.buckets],
  );
  if (rows.length !== move.buckets.length) problems.push(`${move.source} does not own all of these buckets`);
  if (problems.length > 0) throw new MoveRefused(`Move ${move.id} can't start: ${problems.join('; ')}`);
  await compareSchemas(ctx);
}

interface Abilities {
  readonly wal_level: string;
  readonly free_slots: number;
  readonly replica: boolean;
  readonly subscribe: boolean;
}

const abilities = ({ sessions }: MoveContext, where: 'source' | 'destination'): Promise<Abilities> =>
  oneRow<Abilities>(
    sessions[where],
    `SELECT current_setting('wal_level') AS wal_level,
       current_setting('max_replication_slots')::int - (SELECT count(*)::int FROM pg_replication_slots) AS free_slots,
       has_parameter_privilege('session_replication_role', 'SET') AS replica,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
         OR pg_has_role('pg_create_subscription', 'USAGE') AS subscribe`,
  );
