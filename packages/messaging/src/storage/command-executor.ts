import { OperationError, type Command } from '@stoa/contract-kit';
import type { BoundCommand, CommandExecutor, CommandReply, CommandRequest } from '../command-execution.js';
import { isDeclared, refusalOf } from '../transport/refusals.js';
import type { Database, Sql } from '../types.js';
import { bodyHash } from './body-hash.js';
import { CommandRun, KeptRefusal } from './command-run.js';
import { claim, finish, readReply, record, type InboxKey } from './inbox.js';
import { writeOutbox } from './outbox.js';
import { transact, type Outcome } from './transact.js';

export interface InboxExecutorOptions {
  readonly database: Database;
  /** Checks each output against its contract; for development and tests (11 µs for a cart of five lines). */
  readonly validateOutput: boolean;
  /** Told after a commit that wrote to the outbox, so that the relay needn't wait for its next look. */
  readonly onPublished?: (bucket: number) => void;
  /** Told why a group's transaction failed; its commands are run by themselves then. */
  readonly onGroupFailed?: (error: unknown, members: number) => void;
}

/** A reply, and whether the transaction wrote to the outbox. */
interface Answer {
  readonly reply: CommandReply;
  readonly published: boolean;
}

/** An earlier delivery was answered: whatever this one did is rolled back. */
class AnsweredBefore extends Error {}

/** A refusal on its way out of the transaction, which its being thrown rolls back. */
class RolledBack extends Error {
  constructor(readonly refusal: OperationError) {
    super(refusal.message);
  }
}

/** These say that the same command may be answered otherwise in a moment, so they are no reply to keep. */
export const PASSING: ReadonlySet<string> = new Set<string>([
  'UNAVAILABLE',
  'OVERLOADED',
  'DEADLINE_EXCEEDED',
  'RATE_LIMITED',
  'INTERNAL',
  'UNSUPPORTED_CONTRACT_VERSION',
]);

/** @throws OperationError when the command must not run any more; by the clock of its database, since this process may have slept. */
async function checkTime(tx: Sql, { until }: CommandRequest): Promise<void> {
  if (!until) return;
  const { rows } = await tx.query<{ late: boolean }>('SELECT now() > $1::timestamptz AS late', [until]);
  if (rows[0]?.late === false) return;
  throw new OperationError('DEADLINE_EXCEEDED', `What this rests on held until ${until.toISOString()}`);
}

const REUSED = refusalOf(
  new OperationError('IDEMPOTENCY_KEY_REUSED', 'Another request was sent with this key before, with a different body'),
);

/**
 * Runs commands exactly once in effect. A command's transaction begins with its inbox row, which makes a second delivery
 * wait and then return the first one's reply, and ends with that row's reply and the events in one statement, sent
 * together with the COMMIT. The handler starts without waiting for the row's answer, so that its first statement travels
 * along (a round trip less); what it did for nothing, because the command was answered before, is rolled back.
 *
 * A refusal (`fail`) rolls the transaction back; its reply is then kept by one statement in a transaction of its own. That
 * is what a savepoint would do, but without two more statements in every command that succeeds (5% of its CPU, measured).
 * Between the two another delivery may get through: whichever is recorded first is the answer to both.
 *
 * Commands with `secretReply` leave no inbox row: their reply must not be stored, so a second delivery runs the handler
 * again, one after the other only if the handler locks the row that it changes.
 */
export class InboxExecutor implements CommandExecutor {
  constructor(private readonly options: InboxExecutorOptions) {}

  async execute(command: BoundCommand, request: CommandRequest): Promise<CommandReply> {
    const { database, onPublished } = this.options;
    const key = inboxKeyOf(database, command, request);
    const secret = command.operation.secretReply === true;
    try {
      const work = (tx: Sql): Promise<Outcome<Answer>> =>
        secret ? this.runUnrecorded(tx, command, request, key.bucket) : this.runOnce(tx, command, request, key);
      const { reply, published } = await transact(database, key.bucket, work, { insertsFirst: !secret });
      if (published) onPublished?.(key.bucket);
      return reply;
    } catch (error) {
      if (error instanceof AnsweredBefore) return database.transaction(key.bucket, (tx) => answerAgain(tx, key));
      if (!(error instanceof RolledBack)) throw error;
      const reply = refusalOf(error.refusal);
      if (secret || PASSING.has(error.refusal.code)) return reply;
      return await database.transaction(key.bucket, async (tx) =>
        (await record(tx, key, reply)) ? reply : answerAgain(tx, key),
      );
    }
  }

  /** @throws AnsweredBefore; RolledBack; what the handler or the database throws */
  private async runOnce(
    tx: Sql,
    command: BoundCommand,
    request: CommandRequest,
    key: InboxKey,
  ): Promise<Outcome<Answer>> {
    const run = new CommandRun(tx, key.bucket, request);
    const claiming = claim(tx, key);
    const inTime = checkTime(tx, request);
    const [claimed, timely, handled] = await Promise.allSettled([claiming, inTime, this.handle(command, request, run)]);
    if (claimed.status === 'rejected') throw claimed.reason;
    if (!claimed.value) throw new AnsweredBefore();
    if (timely.status === 'rejected') throw timely.reason;
    if (handled.status === 'rejected') throw handled.reason;
    const value = { reply: handled.value, published: run.facts.length > 0 };
    return { value, lastStatement: run.written(finish(tx, key, handled.value, run.facts)) };
  }

  private async runUnrecorded(
    tx: Sql,
    command: BoundCommand,
    request: CommandRequest,
    bucket: number,
  ): Promise<Outcome<Answer>> {
    await checkTime(tx, request);
    const run = new CommandRun(tx, bucket, request);
    const reply = await this.handle(command, request, run);
    const value = { reply, published: run.facts.length > 0 };
    return { value, lastStatement: run.written(writeOutbox(tx, bucket, run.facts)) };
  }

  /** @throws RolledBack for a refusal that undoes what was written. */
  private async handle({ operation, handler }: BoundCommand, request: CommandRequest, run: CommandRun) {
    try {
      return replyOf(operation, await handler.handle(request.input, run), this.options.validateOutput);
    } catch (error) {
      if (!isDeclared(operation, error)) throw error;
      if (!(error instanceof KeptRefusal)) throw new RolledBack(error);
      return refusalOf(error);
    }
  }
}

export function inboxKeyOf(
  database: Pick<Database, 'bucketOf'>,
  { operation }: BoundCommand,
  { id, key, bodyText }: CommandRequest,
): InboxKey {
  return { bucket: database.bucketOf(key), commandId: id, key, bodyHash: bodyHash(operation, bodyText) };
}

/** @param validate whether the output is checked against the contract, which throws what zod says of it */
export function replyOf({ output: schema }: Command, output: unknown, validate: boolean): CommandReply {
  if (validate) schema.parse(output);
  return { ok: true, body: JSON.stringify(output ?? null) };
}

async function answerAgain(tx: Sql, key: InboxKey): Promise<CommandReply> {
  const { sameBody, ok, body } = await readReply(tx, key);
  return sameBody ? { ok, body } : REUSED;
}
