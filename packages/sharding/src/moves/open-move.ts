import { isHeld, tryLock, tryLockShared, Session } from '@stoa/postgres';
import { KEYSPACE_LOCK } from '../directory/keyspace.js';
import { confirmShard } from '../incarnation/confirm.js';
import { expectShard } from '../installation/install.js';
import { MoveContext, type MoveHooks } from '../move-steps/context.js';
import { type MoveLimits } from '../move-steps/move-limits.js';
import { MoveBusy, MoveRefused } from '../move-steps/errors.js';
import { unfence } from '../move-steps/fence.js';
import { isOver, type Move } from '../move-steps/phases.js';
import { readMove, beginAttempt } from './plan.js';
import { pollUntil } from '../move-steps/poll-until.js';

/**
 * Class of the advisory locks on moves. Each of a mover's sessions holds one; a mover that lost a session must stop.
 */
export const MOVE_LOCK = 1_398_034_243;

/** A mover's commits must survive a crash of the server, whatever the server's default is. */
const DURABLE = { synchronous_commit: 'on' };

/** Options of withMove. */
export interface OpenOptions {
  readonly directoryUrl: string;
  readonly limits: MoveLimits;
  readonly hooks: MoveHooks;
  /** Cuts off a mover that still works on the move. */
  readonly takeOver: boolean;
}

/** Opens a move's sessions, runs work, and closes them. A move that is over is only read. */
export async function withMove(
  options: OpenOptions,
  id: string,
  work: (ctx: MoveContext) => Promise<Move>,
): Promise<Move> {
  const opened: Session[] = [];
  const open = async (url: string, server: string): Promise<Session> => {
    const session = await Session.open({ url, server, application: `sharding-mover ${id}`, settings: DURABLE });
    opened.push(session);
    return session;
  };
  try {
    const directory = await open(options.directoryUrl, 'the directory');
    await lockMove(directory, id, options.limits.busyMs, options.takeOver);
    const move = await readMove(directory, id);
    if (isOver(move.phase)) return move;
    await keepMigrationsOut(directory, move);
    return await work(await openMove(options, directory, id, open));
  } finally {
    await Promise.all(opened.map((session) => session.close()));
  }
}

type Open = (url: string, server: string) => Promise<Session>;

async function openMove(options: OpenOptions, directory: Session, id: string, open: Open): Promise<MoveContext> {
  const { limits, hooks } = options;
  let move = await beginAttempt(directory, id);
  const urls = await adminUrls(directory, move);
  // The source comes first: a dead mover's fence is lifted even while the destination is unavailable.
  const source = await openShard(open, directory, move, move.source, urls.source, limits);
  if (move.phase === 'fencing') move = await unfence(directory, source, move);
  const destination = await openShard(open, directory, move, move.destination, urls.destination, limits);
  const openSpare = (): Promise<Session> => open(urls.destination, move.destination);
  return new MoveContext(move, { directory, source, destination }, openSpare, urls.source, limits, hooks);
}

async function openShard(
  open: Open,
  directory: Session,
  move: Move,
  shard: string,
  url: string,
  limits: MoveLimits,
): Promise<Session> {
  const session = await open(url, `${move.keyspace}/${shard}`);
  await expectShard(session, move.keyspace, shard);
  await confirmShard(directory, session, move.keyspace, shard);
  // This mover holds the move's lock in the directory, so another holder here is an earlier mover.
  await lockMove(session, move.id, limits.busyMs, true);
  await session.query('SELECT sharding.begin_attempt($1, $2)', [move.id, move.attempt]);
  return session;
}

/** Takes the move's lock, by ending the sessions of another mover if `cutOff` is set. @throws MoveBusy */
async function lockMove(session: Session, id: string, waitMs: number, cutOff: boolean): Promise<void> {
  const lock = (): Promise<boolean> => tryLock(session, MOVE_LOCK, id);
  if (await lock()) return;
  const cut = async (): Promise<boolean> => {
    await session.query(
      `SELECT pg_terminate_backend(l.pid) FROM pg_locks AS l
       WHERE ${isHeld('$1', '$2')} AND l.pid <> pg_backend_pid()`,
      [MOVE_LOCK, id],
    );
    return lock();
  };
  if (await pollUntil(cutOff ? 5_000 : waitMs, 50, cutOff ? cut : lock)) return;
  throw new MoveBusy(id);
}

/** Takes the keyspace's lock, which migrations take too. @throws MoveRefused */
async function keepMigrationsOut(directory: Session, { keyspace }: Move): Promise<void> {
  if (!(await tryLockShared(directory, KEYSPACE_LOCK, keyspace)))
    throw new MoveRefused(`A migration of ${keyspace} runs or waits: no move may run beside it`);
}

async function adminUrls(directory: Session, move: Move): Promise<{ source: string; destination: string }> {
  const { rows } = await directory.query<{ shard: string; admin_url: string }>(
    'SELECT shard, admin_url FROM sharding.shards WHERE keyspace = $1',
    [move.keyspace],
  );
  const urlOf = (shard: string): string => rows.find((row) => row.shard === shard)?.admin_url ?? '';
  return { source: urlOf(move.source), destination: urlOf(move.destination) };
}
