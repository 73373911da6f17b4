import type { Sql } from '@stoa/postgres';
import { MoveRefused } from '../move-steps/errors.js';
import { canAbort, isOver, type Move, type MoveInfo } from '../move-steps/phases.js';
import { pause, readMove, reserve, unpause, type MoveRequest } from './plan.js';

/*
 * What an operator asks a supervisor for, in a transaction on the directory: it is recorded or refused at once, and done
 * by whichever MoveSupervisor is first to see it.
 */

/** Asks for a move. The id makes a repetition of the same request the same move. @throws MoveRefused */
export async function requestMove(directory: Sql, request: MoveRequest, id: string): Promise<Move> {
  await reserve(directory, request, id);
  return note(directory, id, { supervised: true });
}

/** Asks for the way back of a move that is done. @throws MoveRefused */
export async function requestReverse(directory: Sql, id: string, newId: string, requestedBy: string): Promise<Move> {
  const { phase, keyspace, buckets, source, destination } = await readMove(directory, id);
  if (phase !== 'done') throw new MoveRefused(`Move ${id} is ${phase}: only one that is done can be reversed`);
  return requestMove(directory, { keyspace, buckets, from: destination, to: source, requestedBy }, newId);
}

/** Asks for a move to be taken back. @throws MoveRefused once it was switched */
export async function requestAbort(directory: Sql, id: string): Promise<Move> {
  const { phase } = await readMove(directory, id);
  if (!canAbort(phase)) {
    const way = phase === 'done' ? 'reversed' : 'finished, then reversed';
    throw new MoveRefused(
      isOver(phase) && phase !== 'done' ? `Move ${id} is ${phase}` : `Move ${id} is ${phase}: it can only be ${way}`,
    );
  }
  return note(directory, id, { abort: true });
}

/** Holds a move before its switch. @throws MoveRefused when it is over */
export function requestPause(directory: Sql, id: string): Promise<Move> {
  return pause(directory, id);
}

/** Lets a move go on, by whichever mover is there. @throws MoveRefused when it is over */
export async function requestResume(directory: Sql, id: string): Promise<Move> {
  const { phase } = await unpause(directory, id);
  if (isOver(phase)) throw new MoveRefused(`Move ${id} is ${phase}`);
  return note(directory, id, { supervised: true });
}

async function note(directory: Sql, id: string, info: MoveInfo): Promise<Move> {
  await directory.query('UPDATE sharding.moves SET info = info || $2 WHERE id = $1', [id, JSON.stringify(info)]);
  return readMove(directory, id);
}
