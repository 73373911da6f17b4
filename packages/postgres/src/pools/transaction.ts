import type pg from 'pg';
import type { Sql } from '../sql/sql.js';
import { codeOf, ConnectionLost } from '../errors/errors.js';
import { spoilsSession, TransactionAborted } from '../errors/server-errors.js';
import { breakConnection, wireOf, type Wire } from '../sessions/wire.js';
import { statementName } from './statement-names.js';

/** A session of a pool, with marks that last as long as it does. */
export interface PooledSession extends pg.PoolClient {
  /** Set once its connection broke, whoever was using it. */
  lost?: Error;
  /** The pool has more than it may have since it was resized. */
  isSurplus?: boolean;
}

/** Returns a session to its pool, or closes it. */
export function giveBack(session: PooledSession, usable: boolean): void {
  session.release(!usable || session.lost !== undefined || session.isSurplus === true);
}

const corked = new WeakSet<Wire>();

/**
 * Sends all that one turn writes as one packet: BEGIN with the first statement, the last one with COMMIT. A packet
 * costs a system call here and wakes the server: this took a sixth off a transaction's CPU (0.10 to 0.085 ms).
 */
function cork(wire: Wire): void {
  if (corked.has(wire)) return;
  corked.add(wire);
  wire.cork();
  process.nextTick(() => {
    corked.delete(wire);
    wire.uncork();
  });
}

/** Sends a statement: prepared under a name when it has values (even none: `[]`), as plain text otherwise. */
export function send(session: PooledSession, text: string, values?: readonly unknown[]): Promise<pg.QueryResult> {
  cork(wireOf(session));
  if (values === undefined) return session.query(text);
  const name = statementName(text);
  return session.query({ text, values: values as unknown[], ...(name !== undefined && { name }) });
}

const IN_FAILED_TRANSACTION = '25P02';

/** The handle that `work` gets. It ends with the transaction, so that no statement runs outside of it. */
class TransactionSql implements Sql {
  readonly pipelined = true;
  private over = false;
  private begun: Promise<unknown> | undefined;
  /** Set by each statement's error, also of a last one that was sent together with COMMIT and not awaited. */
  private spoiled = false;
  /** The first error of a statement: those behind it fail with 25P02, which does not say why. */
  private failed: unknown;
  constructor(private readonly session: PooledSession) {}

  async query<Row>(text: string, values?: readonly unknown[]): Promise<{ rows: Row[]; rowCount: number | null }> {
    if (this.over) throw new Error('The transaction is over: this handle must not be used any more');
    // BEGIN is written together with the first statement: no round trip of its own.
    const first = this.begun === undefined;
    this.begun ??= send(this.session, 'BEGIN');
    const sent = send(this.session, text, values);
    if (first) {
      // Both are awaited, whichever fails: an unhandled rejection would end the process.
      const [begin, result] = await Promise.allSettled([this.begun, sent]);
      if (begin.status === 'rejected') throw this.explain(begin.reason);
      if (result.status === 'rejected') throw this.explain(result.reason);
      return result.value as unknown as { rows: Row[]; rowCount: number | null };
    }
    try {
      return (await sent) as unknown as { rows: Row[]; rowCount: number | null };
    } catch (error) {
      throw this.explain(error);
    }
  }

  async commit(): Promise<void> {
    this.over = true;
    if (this.begun === undefined) return;
    const { command } = await send(this.session, 'COMMIT').catch((error: unknown) => {
      throw this.explain(error);
    });
    if (command !== 'COMMIT') throw new TransactionAborted(this.failed);
  }

  /** @returns whether the session can be used again. */
  async rollback(): Promise<boolean> {
    this.over = true;
    if (this.session.lost) return false;
    if (this.begun === undefined) return true;
    return send(this.session, 'ROLLBACK').then(
      () => !this.spoiled,
      () => false,
    );
  }

  private explain(error: unknown): unknown {
    this.spoiled ||= spoilsSession(error);
    if (this.session.lost) return new ConnectionLost(this.session.lost, 'The connection to Postgres was lost');
    this.failed ??= error;
    return codeOf(error) === IN_FAILED_TRANSACTION ? this.failed : error;
  }
}

/**
 * Runs `work` in a transaction on a session, and gives the session back. One that has not finished after `deadlineMs`
 * is cut off: its server froze or vanished, so that the server's own time-outs do not end it.
 * @throws what `work` throws, after a rollback; ConnectionLost; TransactionAborted.
 */
export async function runTransaction<T>(
  session: PooledSession,
  deadlineMs: number,
  work: (tx: Sql) => Promise<T>,
): Promise<T> {
  const tx = new TransactionSql(session);
  const deadline = setTimeout(() => cutOff(session, deadlineMs), deadlineMs);
  let usable = true;
  try {
    const result = await work(tx);
    await tx.commit();
    return result;
  } catch (error) {
    usable = await tx.rollback();
    throw error;
  } finally {
    clearTimeout(deadline);
    giveBack(session, usable);
  }
}

/** Breaks the session off because it took longer than `afterMs`. Its statements in flight fail at once. */
export const cutOff = (session: PooledSession, afterMs: number): void =>
  breakOff(session, new Error(`no response within ${afterMs} ms`));

/** Breaks the session's connection from this side, for this reason. */
export function breakOff(session: PooledSession, reason: Error): void {
  session.lost ??= reason;
  breakConnection(session);
}
