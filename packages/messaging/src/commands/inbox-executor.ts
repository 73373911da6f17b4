import { setTimeout as delay } from 'node:timers/promises';
import { OperationError, type Command } from '@stoa/contract-kit';
import { transact, type Database, type Outcome, type Sql } from '@stoa/postgres';
import type { BoundCommand, CommandExecutor, CommandReply, CommandRequest } from '../api/command-execution.js';
import { ServerClocks, type Deadline } from '../clocks/server-clocks.js';
import { bodyHash } from '../inbox/body-hash.js';
import type { FlowStarts } from '../flows/flow-starts.js';
import { claim, finish, isLate, readReply, record, type InboxKey } from '../inbox/inbox.js';
import { writeOutbox } from '../outbox/outbox.js';
import { businessErrorReply, isDeclared, TRANSIENT_ERRORS } from '../protocol/business-errors.js';
import { NOT_DONE, NOT_KNOWN, REUSED } from '../protocol/fixed-replies.js';
import { bodyOf } from '../replies/reply-parts.js';
import { CommandRun, KeptBusinessError } from './command-run.js';

export interface InboxExecutorOptions {
  readonly database: Database;
  /** Checks each output against its contract; for development and tests (11 µs for a cart of five lines). */
  readonly validateOutput: boolean;
  /** Called after a commit that wrote to the outbox, so that the relay needn't wait for its next poll. */
  readonly onPublished?: (bucket: number) => void;
  /** Makes the flows that commands start; without it none can be. */
  readonly starts?: FlowStarts;
  /** Called after a commit that started a flow. */
  readonly onStarted?: (bucket: number) => void;
  /** Called when a batch's transaction failed; its commands are run by themselves then. */
  readonly onBatchFailed?: (error: unknown, commands: number) => void;
}

/** A reply, and what the transaction wrote for others to go on with. */
interface Handled {
  readonly reply: CommandReply;
  readonly published: boolean;
  readonly started: boolean;
}

const handledBy = (reply: CommandReply, { messages, started }: CommandRun): Handled => ({
  reply,
  published: messages.length > 0,
  started: started > 0,
});

/** An earlier delivery has its reply: whatever this one did is rolled back. */
class RepliedBefore extends Error {}

/** A business error on its way out of the transaction, which it rolls back by being thrown. */
class RolledBack extends Error {
  constructor(readonly businessError: OperationError) {
    super(businessError.message);
  }
}

/** A command's deadline passed before its reply could be recorded: what it did is rolled back. */
class Late extends Error {}

/** @throws Late by the clock of the command's database, since this process may have slept */
async function checkTime(tx: Sql, until: Deadline): Promise<void> {
  const { rows } = await tx.query<{ late: boolean }>('SELECT clock_timestamp() > $1::timestamptz AS late', [until]);
  if (rows[0]?.late === true) throw new Late();
}

/** No command is settled sooner after its deadline: clones know their servers' clocks to some milliseconds. */
const CLOCKS_APART_MS = 100;

/**
 * InboxExecutor exists to run commands exactly once in effect, and none after its deadline; it works by one transaction
 * for each. That begins with the command's inbox row, which makes a second delivery wait and then return the first
 * one's reply. It ends with one statement that writes that row's reply and the events, and is sent together with the
 * COMMIT.
 *
 * That last statement checks the deadline by the database's clock, when the command has locked all that it changes: a
 * clone that freezes with a command in work can't apply it over a newer one of the same key. The handler starts without
 * waiting for the inbox row, so that its first statement travels along (a round trip less); if an earlier delivery has
 * a reply, what the handler did is rolled back.
 *
 * A business error (`fail`) rolls the transaction back; its reply is then kept by one statement in a transaction of its
 * own. A savepoint would do the same, but costs every command that succeeds two more statements (5% of its CPU,
 * measured). Between the two another delivery may get through: whichever is recorded first is the reply to both.
 *
 * Commands with `secretReply` leave no inbox row: their reply must not be stored, so a second delivery runs the handler
 * again, one after the other only if the handler locks the row that it changes. A statement behind the handler's checks
 * their deadline.
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

  /** The deadline of a command whose reply is recorded by others (a batch). */
  deadlineOf(bucket: number, request: CommandRequest): Deadline | Promise<Deadline> {
    return this.clocks.deadlineOf(bucket, request);
  }

  /**
   * Finds out how a command ended whose deadline has passed. Claiming its inbox row waits for another clone that has it
   * in work. The claim is then rolled back, so that the command may be sent anew.
   * @returns the reply of a delivery that was in time; DEADLINE_EXCEEDED: it was not done, and never will be;
   * UNAVAILABLE: not known. @throws what the database throws
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
        return replyAgain(tx, key);
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
    const { database, onPublished, onStarted } = this.options;
    const secret = command.operation.secretReply === true;
    try {
      const work = (tx: Sql): Promise<Outcome<Handled>> =>
        secret
          ? this.runUnrecorded(tx, command, request, key.bucket, until)
          : this.runOnce(tx, command, request, key, until);
      const { reply, published, started } = await transact(database, key.bucket, work, { insertsFirst: !secret });
      if (published) onPublished?.(key.bucket);
      if (started) onStarted?.(key.bucket);
      return reply;
    } catch (error) {
      if (error instanceof RepliedBefore) return database.transaction(key.bucket, (tx) => replyAgain(tx, key));
      if (!(error instanceof RolledBack)) throw error;
      const reply = businessErrorReply(error.businessError);
      if (secret || TRANSIENT_ERRORS.has(error.businessError.code)) return reply;
      return await database.transaction(key.bucket, async (tx) =>
        (await record(tx, key, reply, until)) ? reply : replyAgain(tx, key),
      );
    }
  }

  hasServers(): boolean {
    return this.options.database.servers().length > 1;
  }

  /** @returns the bucket where the database names no servers */
  serverOf(key: string): string | undefined {
    const { database } = this.options;
    const bucket = database.bucketOf(key);
    return database.serverNameOf ? database.serverNameOf(bucket) : String(bucket);
  }

  /** @throws RepliedBefore; RolledBack; what the handler or the database throws */
  private async runOnce(
    tx: Sql,
    command: BoundCommand,
    request: CommandRequest,
    key: InboxKey,
    until: Deadline,
  ): Promise<Outcome<Handled>> {
    const run = new CommandRun(tx, key.bucket, request, this.options.starts);
    const [claimed, handled] = await Promise.allSettled([claim(tx, key), this.handle(command, request, run)]);
    if (claimed.status === 'rejected') throw claimed.reason;
    if (!claimed.value) throw new RepliedBefore();
    if (handled.status === 'rejected') throw handled.reason;
    const value = handledBy(handled.value, run);
    return { value, lastStatement: run.written(finish(tx, key, handled.value, run.messages, until)) };
  }

  private async runUnrecorded(
    tx: Sql,
    command: BoundCommand,
    request: CommandRequest,
    bucket: number,
    until: Deadline,
  ): Promise<Outcome<Handled>> {
    const run = new CommandRun(tx, bucket, request, this.options.starts);
    const reply = await this.handle(command, request, run);
    await checkTime(tx, until);
    const value = handledBy(reply, run);
    return { value, lastStatement: run.written(writeOutbox(tx, bucket, run.messages)) };
  }

  /** @throws RolledBack for a business error that undoes what was written */
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

/** The key of a command's inbox row. */
export function inboxKeyOf(
  database: Pick<Database, 'bucketOf'>,
  { operation }: BoundCommand,
  { id, key, bodyText }: CommandRequest,
): InboxKey {
  return { bucket: database.bucketOf(key), commandId: id, key, bodyHash: bodyHash(operation, bodyText) };
}

/**
 * The reply that holds a command's output.
 * @param validate whether the output is checked against the contract
 * @throws ZodError of an output that breaks it; OperationError RESPONSE_TOO_LARGE, which undoes the command, since no
 * reply could say what it did
 */
export function replyOf({ output: schema }: Command, output: unknown, validate: boolean): CommandReply {
  if (validate) schema.parse(output);
  return { ok: true, body: bodyOf(output) };
}

async function replyAgain(tx: Sql, key: InboxKey): Promise<CommandReply> {
  const { sameBody, ok, body } = await readReply(tx, key);
  return sameBody ? { ok, body } : REUSED;
}
