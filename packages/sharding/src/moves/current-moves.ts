import { isHeld, type Sql } from '@stoa/postgres';
import type { Move } from '../move-steps/phases.js';
import { unfinishedMoves } from './plan.js';
import { MOVE_LOCK } from './open-move.js';

/** A move that is not over. */
export interface CurrentMove extends Move {
  /** True while a mover holds the move's lock. */
  readonly running: boolean;
  /** Seconds since its last change in the directory. */
  readonly quietSeconds: number;
}

/** Lists the moves that are not over, of one keyspace or all. */
export async function currentMoves(directory: Sql, keyspace: string | null = null): Promise<CurrentMove[]> {
  const moves = await unfinishedMoves(directory, keyspace);
  if (moves.length === 0) return [];
  const { rows } = await directory.query<{ id: string; running: boolean; quiet: string }>(
    `SELECT m.id, extract(epoch FROM clock_timestamp() - m.changed_at) AS quiet, EXISTS (
       SELECT FROM pg_locks AS l WHERE ${isHeld('$2', 'm.id::text')}) AS running
     FROM sharding.moves AS m WHERE m.id = ANY ($1)`,
    [moves.map(({ id }) => id), MOVE_LOCK],
  );
  const known = new Map(rows.map((row) => [row.id, row]));
  return moves.map((move) => {
    const { running = false, quiet = '0' } = known.get(move.id) ?? {};
    return { ...move, running, quietSeconds: Number(quiet) };
  });
}
