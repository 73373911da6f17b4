import { setTimeout as delay } from 'node:timers/promises';
import { OperationError, type Command } from '@stoa/contract-kit';
import type { Database, Sql } from '@stoa/postgres';
import type { BoundCommand, CommandExecutor, CommandReply, CommandRequest } from '../api/command-execution.js';
import { businessErrorReply, isDeclared, TRANSIENT_ERRORS } from '../protocol/business-errors.js';
import { bodyOf } from '../replies/reply-parts.js';
import { bodyHash } from '../inbox/body-hash.js';
import { CommandRun, KeptBusinessError } from './command-run.js';
import { claim, finish, isLate, readReply, record, type InboxKey } from '../inbox/inbox.js';
import { writeOutbox } from '../outbox/outbox.js';
import { NOT_DONE, NOT_KNOWN, REUSED } from '../protocol/fixed-replies.js';
import { ServerClocks, type Deadline } from '../clocks/server-clocks.js';
import { transact, type Outcome } from './transact.js';

export interface InboxExecutorOptions {
  readonly database: Database;
  /** Checks each output against its contract; for development and tests (11 µs for a cart of five lines). */
  readonly validateOutput: boolean;
  /** Told after a commit that wrote to the outbox, so that the relay needn't wait for its next look. */
  readonly onPublished?: (bucket: number) => void;
  /** Told why a group's transaction failed; its commands are run by themselves then. */
  readonly onBatchFailed?: (error: unknown, members: number) => void;
}

/** A reply, and whether the transaction wrote to the outbox. */
interface Answer {
  readonly reply: CommandReply;
  readonly published: boolean;
}

/** An earlier delivery was answered: whatever this one did is rolled back. */
class AnsweredBefore extends Error {}

/** A business error on its way out of the transaction, which its being thrown rolls back. */
class RolledBack extends Error {
  constructor(readonly businessError: OperationError) {
    super(businessError.message);
  }
}

/** A command's deadline passed before it could be recorded: what it did is rolled back. */
class Late extends Error {}

/** @throws Late, by the clock of the command's database, since this process may have slept */
async function checkTime(tx: Sql, until: Deadline): Promise<void> {
  const { rows } = await tx.query<{ late: boolean }>('SELECT clock_timestamp() > $1::timestamptz AS late', [until]);
  if (rows[0]?.late === true) throw new Late();
}

/** No command is settled sooner after its deadline: clones know their servers' clocks to some milliseconds. */
const CLOCKS_APART_MS = 100;

/**
 * Runs commands exactly once in effect, and none after its deadline: the statement that records its reply checks that by the
 * database's clock, when the command has locked all that it changes. So a clone that freezes with a command in hand can't
 * apply it over a newer one of the same key. A command's transaction begins with its inbox row, which makes a second delivery
 * wait and then return the first one's reply, and ends with that row's reply and the events in one statement, sent
 * together with the COMMIT. The handler starts without waiting for the row's answer, so that its first statement travels
 * along (a round trip less); what it did for nothing, because the command was answered before, is rolled back.
 *
 * A business error (`fail`) rolls the transaction back; its reply is then kept by one statement in a transaction of its own. That
 * is what a savepoint would do, but without two more statements in every command that succeeds (5% of its CPU, measured).
 * Between the two another delivery may get through: whichever is recorded first is the answer to both.
 *
 * Commands with `secretReply` leave no inbox row: their reply must not be stored, so a second delivery runs the handler
 * again, one after the other only if the handler locks the row that it changes. Their deadline is checked by a statement of
 * its own, behind the handler's.
 */
export class InboxExecutor implements CommandExecutor {
  private readonly clocks: ServerClocks;

  constructor(private readonly options: InboxExecutorOptions) {
    this.clocks = new ServerClocks(options.database);
  }

  async execute(command: BoundCommand, request: CommandRequest): Promise<CommandReply> {
    if (request.budgetLeft?.() <= 0) return this.settle(command, request);
    const key = inboxKeyOf(this.options.database, command, request);
    const until = await this.clocks.deadlineOf(key.bucket, request);
    try {
      return await this.run(command, request, key, until);
    } catch (error) {
      if (error instanceof Late || isLate(error)) return this.settle(command, request);
      throw error;
    }
  }

  /** The deadline of a command that is recorded by others (a batch). */
  deadlineOf(bucket: number, request: CommandRequest): Deadline | Promise<Deadline> {
    return this.clocks.deadlineOf(bucket, request);
  }

  /**
   * What became of a command whose time is over. Another clone may have it in work: it is waited for by claiming the
   * command's inbox row, which is then given up again, so that the command may be sent anew.
   * @returns the reply of a delivery that was in time; DEADLINE_EXCEEDED: it was not done, and never will be; UNAVAILABLE:
   * not known. @throws what the database throws
   */
  async settle(command: BoundCommand, request: CommandRequest): Promise<CommandReply> {
    if (command.operation.secretReply === true) return NOT_KNOWN;
    const early = CLOCKS_APART_MS + (request.budgetLeft?.() ?? 0);
    if (early > 0) await delay(Math.min(early, CLOCKS_APART_MS));
    const { database } = this.options;
    const key = inboxKeyOf(database, command, request);
    try {
      return await database.transaction(key.bucket, async (tx) => {
        if (await claim(tx, key)) throw new Late();
        return answerAgain(tx, key);
      });
    } catch (error) {
      if (error instanceof Late) return NOT_DONE;
      throw error;
    }
  }

  /** @throws Late; an error that isLate knows; what the handler or the database throws */
  private async run(
    command: BoundCommand,
    request: CommandRequest,
    key: InboxKey,
    until: Deadline,
  ): Promise<CommandReply> {
    const { database, onPublished } = this.options;
    const secret = command.operation.secretReply === true;
    try {
      const work = (tx: Sql): Promise<Outcome<Answer>> =>
        secret
          ? this.runUnrecorded(tx, command, request, key.bucket, until)
          : this.runOnce(tx, command, request, key, until);
      const { reply, published } = await transact(database, key.bucket, work, { insertsFirst: !secret });
      if (published) onPublished?.(key.bucket);
      return reply;
    } catch (error) {
      if (error instanceof AnsweredBefore) return database.transaction(key.bucket, (tx) => answerAgain(tx, key));
      if (!(error instanceof RolledBack)) throw error;
      const reply = businessErrorReply(error.businessError);
      if (secret || TRANSIENT_ERRORS.has(error.businessError.code)) return reply;
      return await database.transaction(key.bucket, async (tx) =>
        (await record(tx, key, reply, until)) ? reply : answerAgain(tx, key),
      );
    }
  }

  hasServers(): boolean {
    return this.options.database.servers().length > 1;
  }

  /** Where the database names no servers, the bucket. */
  serverOf(key: string): string | undefined {
    const { database } = this.options;
    const bucket = database.bucketOf(key);
    return database.serverNameOf ? database.serverNameOf(bucket) : String(bucket);
  }

  /** @throws AnsweredBefore; RolledBack; what the handler or the database throws */
  private async runOnce(
    tx: Sql,
    command: BoundCommand,
    request: CommandRequest,
    key: InboxKey,
    until: Deadline,
  ): Promise<Outcome<Answer>> {
    const run = new CommandRun(tx, key.bucket, request);
    const [claimed, handled] = await Promise.allSettled([claim(tx, key), this.handle(command, request, run)]);
    if (claimed.status === 'rejected') throw claimed.reason;
    if (!claimed.value) throw new AnsweredBefore();
    if (handled.status === 'rejected') throw handled.reason;
    const value = { reply: handled.value, published: run.messages.length > 0 };
    return { value, lastStatement: run.written(finish(tx, key, handled.value, run.messages, until)) };
  }

  private async runUnrecorded(
    tx: Sql,
    command: BoundCommand,
    request: CommandRequest,
    bucket: number,
    until: Deadline,
  ): Promise<Outcome<Answer>> {
    const run = new CommandRun(tx, bucket, request);
    const reply = await this.handle(command, request, run);
    await checkTime(tx, until);
    const value = { reply, published: run.messages.length > 0 };
    return { value, lastStatement: run.written(writeOutbox(tx, bucket, run.messages)) };
  }

  /** @throws RolledBack for a business error that undoes what was written. */
  private async handle({ operation, handler }: BoundCommand, request: CommandRequest, run: CommandRun) {
    try {
      return replyOf(operation, await handler.handle(request.input, run), this.options.validateOutput);
    } catch (error) {
      if (!isDeclared(operation, error)) throw error;
      if (!(error instanceof KeptBusinessError)) throw new RolledBack(error);
      return businessErrorReply(error);
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

/**
 * @param validate whether the output is checked against the contract, which throws what zod says of it
 * @throws OperationError RESPONSE_TOO_LARGE, which undoes the command: nobody could be answered what it did
 */
export function replyOf({ output: schema }: Command, output: unknown, validate: boolean): CommandReply {
  if (validate) schema.parse(output);
  return { ok: true, body: bodyOf(output) };
}

async function answerAgain(tx: Sql, key: InboxKey): Promise<CommandReply> {
  const { sameBody, ok, body } = await readReply(tx, key);
  return sameBody ? { ok, body } : REUSED;
}
