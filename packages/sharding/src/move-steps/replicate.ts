import { setTimeout as delay } from 'node:timers/promises';
import { oneRow, type Sql } from '@stoa/postgres';
import type { MoveContext } from './context.js';
import { CopyLost, MoveStalled } from './errors.js';
import { purge } from './purge.js';
import { movedTables } from '../installation/sharded-tables.js';
import { pollUntil } from './poll-until.js';

const subscribed = async ({ sessions, name }: MoveContext): Promise<string | undefined> => {
  const { rows } = await sessions.destination.query<{ oid: string }>(
    `SELECT oid FROM pg_subscription WHERE subname = $1 AND subdbid =
     (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [name],
  );
  return rows[0]?.oid;
};

/** Starts replication of the buckets' rows if it is not started. @returns true when this call started it. */
export async function startReplication(ctx: MoveContext): Promise<boolean> {
  const { sessions, name, move } = ctx;
  const fresh = (await subscribed(ctx)) === undefined;
  if (fresh) {
    // A mover may have died anywhere in here, and rows of its attempt would collide with the copy.
    await ctx.step('prepare destination', async () => {
      await removeSubscription(ctx);
      await removePublication(ctx);
      await purge(ctx, 'destination');
    });
    await ctx.step('create publication', () => createPublication(ctx));
    // The slot is created before the subscription: CREATE SUBSCRIPTION can then be part of a transaction, and both
    // databases may be on one server.
    await ctx.step('create slot', async () => {
      await sessions.source.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [name]);
    });
    await ctx.step('create subscription', () => createSubscription(ctx));
  }
  const oid = await subscribed(ctx);
  if (oid !== undefined && move.info.subscription !== oid) await ctx.note({ subscription: oid });
  return fresh;
}

async function createPublication(ctx: MoveContext): Promise<void> {
  const { move, name } = ctx;
  const filter = `WHERE (bucket = ANY ('{${move.buckets.join()}}'::smallint[]))`;
  await ctx.change('source', async (tx) => {
    const tables = await movedTables(tx);
    const parts = tables.map((table) => `${table} ${filter}`);
    parts.push(`sharding.markers WHERE (move_id = '${move.id}'::uuid)`);
    await tx.query(
      `CREATE PUBLICATION ${name} FOR TABLE ${parts.join(', ')} WITH (publish = 'insert, update, delete')`,
    );
  });
}

/**
 * Creates the subscription at the destination.
 * `origin = none`: changes that reached the source by replication are not sent on, so that opposite moves don't echo.
 * `disable_on_error`: otherwise a row that can't be applied is retried for ever, unnoticed.
 * `synchronous_commit`: it is off by default. A table's copy ends by a commit, then its slot at the source is dropped.
 * If a crash lost the commit, the copy would look unfinished and could never be finished without its slot.
 */
async function createSubscription(ctx: MoveContext): Promise<void> {
  const { name, sourceUrl } = ctx;
  await ctx.change('destination', async (tx) => {
    const { url } = await oneRow<{ url: string }>(tx, 'SELECT quote_literal($1::text) AS url', [sourceUrl]);
    await tx.query(`CREATE SUBSCRIPTION ${name} CONNECTION ${url} PUBLICATION ${name}
      WITH (create_slot = false, slot_name = '${name}', origin = none, disable_on_error = true, streaming = off,
        synchronous_commit = on)`);
  });
}

/** Milliseconds without progress after which a copy is checked for a lost slot. */
const CHECK_AFTER_MS = 2_000;
/** Milliseconds within which Postgres records a table as done after it dropped the table's slot. */
const DONE_WITHIN_MS = 1_000;

/** Waits until every table is copied. @throws CopyLost when a table never can be; MoveStalled without progress. */
export async function waitForCopy(ctx: MoveContext): Promise<void> {
  const { limits, hooks, move } = ctx;
  const copied = new Map<string, number>();
  let best = '';
  let movedAt = performance.now();
  for (;;) {
    const { left, tables } = await copyProgress(ctx);
    // A finished table is not reported any more, so its last count is kept.
    for (const [table, rows] of tables) copied.set(table, Math.max(rows, copied.get(table) ?? 0));
    const rows = [...copied.values()].reduce((sum, count) => sum + count, 0);
    if (rows > 0) hooks.onProgress?.({ move: move.id, step: 'wait for copy', rows });
    if (left === 0) return;
    const now = `${left} ${rows}`;
    if (now !== best) movedAt = performance.now();
    best = now;
    const still = performance.now() - movedAt;
    if (still > CHECK_AFTER_MS && (await isCopyLost(ctx)))
      throw new CopyLost(
        `The copy of move ${move.id} can't be finished: its destination died when a table was nearly done`,
      );
    if (still > limits.stallMs)
      throw new MoveStalled(`The copy of move ${move.id} makes no progress; its destination's log may say why`);
    await keepEnabled(ctx);
    await pollUntil(50, 50, () => Promise.resolve(false));
  }
}

/**
 * Returns true when a table's copy has lost its slot. Postgres drops the slot before it commits that the table is done
 * (process_syncing_tables_for_sync in tablesync.c). A destination that dies in between requests the slot for ever.
 */
async function isCopyLost(ctx: MoveContext): Promise<boolean> {
  const waiting = await nearlyDone(ctx);
  if (waiting.length === 0) return false;
  const { rows: there } = await ctx.sessions.source.query<{ slot: string }>(
    'SELECT slot_name AS slot FROM pg_replication_slots WHERE slot_name = ANY ($1)',
    [waiting],
  );
  const gone = waiting.filter((name) => !there.some(({ slot }) => slot === name));
  if (gone.length === 0) return false;
  await delay(DONE_WITHIN_MS);
  const stillWaiting = await nearlyDone(ctx);
  return gone.some((name) => stillWaiting.includes(name));
}

/** Lists the slots of tables whose rows are copied and which are not recorded as done. */
async function nearlyDone({ sessions, name }: MoveContext): Promise<string[]> {
  const { rows } = await sessions.destination.query<{ slot: string }>(
    `SELECT 'pg_' || s.oid || '_sync_' || r.srrelid || '_' || (SELECT system_identifier FROM pg_control_system()) AS slot
     FROM pg_subscription_rel AS r JOIN pg_subscription AS s ON s.oid = r.srsubid
     WHERE s.subname = $1 AND r.srsubstate = 'f'`,
    [name],
  );
  return rows.map(({ slot }) => slot);
}

async function copyProgress({ sessions, name }: MoveContext): Promise<{ left: number; tables: [string, number][] }> {
  return oneRow<{ left: number; tables: [string, number][] }>(
    sessions.destination,
    `SELECT (SELECT count(*)::int FROM pg_subscription_rel AS r JOIN pg_subscription AS s ON s.oid = r.srsubid
       WHERE s.subname = $1 AND r.srsubstate <> 'r') AS left,
      (SELECT coalesce(json_agg(json_build_array(c.relid::text, c.tuples_processed)), '[]') FROM pg_stat_progress_copy AS c
       JOIN pg_stat_subscription AS w ON w.pid = c.pid WHERE w.subname = $1) AS tables`,
    [name],
  );
}

/** Returns true when all tables are copied, and followed in commit order. */
export async function isCopied(destination: Sql, name: string): Promise<boolean> {
  const { copied } = await oneRow<{ copied: boolean | null }>(
    destination,
    `SELECT bool_and(r.srsubstate = 'r') AS copied
     FROM pg_subscription_rel AS r JOIN pg_subscription AS s ON s.oid = r.srsubid WHERE s.subname = $1`,
    [name],
  );
  return copied === true;
}

/** Milliseconds after which a subscription's worker counts as forgotten by Postgres's launcher. */
const WORKER_LATE_MS = 1_000;

/**
 * Enables the subscription again, which a restart of the publisher disables; the callers' limits bound the retries. The
 * same command wakes Postgres's launcher, which can miss a worker while it starts another, and would then sleep for up
 * to three minutes.
 */
export async function keepEnabled(ctx: MoveContext): Promise<void> {
  const { sessions, name } = ctx;
  const { enabled, working } = await oneRow<{ enabled: boolean; working: boolean }>(
    sessions.destination,
    `SELECT s.subenabled AS enabled, EXISTS (SELECT FROM pg_stat_subscription AS w
       WHERE w.subid = s.oid AND w.relid IS NULL AND w.pid IS NOT NULL) AS working
     FROM pg_subscription AS s WHERE s.subname = $1`,
    [name],
  );
  const now = performance.now();
  if (working) ctx.workingAt = now;
  if (enabled && now - ctx.workingAt < WORKER_LATE_MS) return;
  ctx.workingAt = now;
  await sessions.destination.query(`ALTER SUBSCRIPTION ${name} ENABLE`);
}

/** Removes the subscription at the destination, if there is one. */
export async function removeSubscription(ctx: MoveContext): Promise<void> {
  const { sessions, name, move } = ctx;
  const oid = await subscribed(ctx);
  if (oid === undefined) return;
  if (move.info.subscription !== oid) await ctx.note({ subscription: oid });
  await sessions.destination.query(`ALTER SUBSCRIPTION ${name} DISABLE`);
  // Without a slot, dropping it does not need the source, where the slots are dropped.
  await sessions.destination.query(`ALTER SUBSCRIPTION ${name} SET (slot_name = NONE)`);
  await sessions.destination.query(`DROP SUBSCRIPTION ${name}`);
}

/** Removes the slots and the publication at the source. */
export async function removePublication(ctx: MoveContext): Promise<void> {
  await dropSlots(ctx);
  await ctx.change('source', async (tx) => void (await tx.query(`DROP PUBLICATION IF EXISTS ${ctx.name}`)));
}

/** Drops the slots: a leftover slot makes its server keep its log until the disk is full. */
async function dropSlots({ sessions, name, move, limits }: MoveContext): Promise<void> {
  const { system } = await oneRow<{ system: string }>(
    sessions.destination,
    'SELECT system_identifier::text AS system FROM pg_control_system()',
  );
  const ours = `WHERE (slot_name = $1 OR slot_name ~ ('^pg_' || $2::text || '_sync_[0-9]+_' || $3::text || '$'))
    AND database = current_database()`;
  const values = [name, move.info.subscription ?? 'none', system];
  const dropped = await pollUntil(limits.stallMs, 50, async () => {
    await sessions.source.query(
      `SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots ${ours} AND active_pid IS NOT NULL`,
      values,
    );
    await sessions.source.query(
      `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots ${ours} AND active_pid IS NULL`,
      values,
    );
    const { rowCount } = await sessions.source.query(`SELECT FROM pg_replication_slots ${ours}`, values);
    return rowCount === 0;
  });
  if (!dropped) throw new MoveStalled(`The replication slots of move ${move.id} can't be dropped`);
}
