import type { Sql } from '@stoa/postgres';
import { MoveRefused } from '../move-steps/errors.js';
import { isOver, type Move, type MoveInfo } from '../move-steps/phases.js';
import { expectAbortable, pause, readMove, reserve, reverseOf, unpause, type MoveRequest } from './plan.js';

/*
 * Requests exist so that an operator's command can end before the move does; they work by recording the request in a
 * transaction on the directory, or refusing it at once. The first MoveSupervisor that polls it executes it.
 */

/** Requests a move. The id makes a repeated request the same move. @throws MoveRefused */
export async function requestMove(directory: Sql, request: MoveRequest, id: string): Promise<Move> {
  await reserve(directory, request, id);
  return note(directory, id, { supervised: true });
}

/** Requests the reverse of a move that is done. @throws MoveRefused */
export async function requestReverse(directory: Sql, id: string, newId: string, requestedBy: string): Promise<Move> {
  return requestMove(directory, { ...reverseOf(await readMove(directory, id)), requestedBy }, newId);
}

/** Requests the abortion of a move. @throws MoveRefused after its switch. */
export async function requestAbort(directory: Sql, id: string): Promise<Move> {
  expectAbortable(await readMove(directory, id));
  return note(directory, id, { abort: true });
}

/** Pauses a move before its switch. @throws MoveRefused when it is over. */
export function requestPause(directory: Sql, id: string): Promise<Move> {
  return pause(directory, id);
}

/** Lets any supervisor go on with a move. @throws MoveRefused when it is over. */
export async function requestResume(directory: Sql, id: string): Promise<Move> {
  const { phase } = await unpause(directory, id);
  if (isOver(phase)) throw new MoveRefused(`Move ${id} is ${phase}`);
  return note(directory, id, { supervised: true });
}

async function note(directory: Sql, id: string, info: MoveInfo): Promise<Move> {
  await directory.query('UPDATE sharding.moves SET info = info || $2 WHERE id = $1', [id, JSON.stringify(info)]);
  return readMove(directory, id);
}
