import type { Command } from '@stoa/contract-kit';
import { transactOver, type Outcome, type Sql } from '@stoa/postgres';
import type { BoundCommand, CommandExecutor, CommandReply, CommandRequest } from '../api/command-execution.js';
import type { StatementRecord } from '../api/handlers.js';
import type { Deadline } from '../clocks/server-clocks.js';
import { Admission } from '../inbox/admission.js';
import { findReplied, recordAll, type InboxKey } from '../inbox/inbox.js';
import { writeOutboxOf } from '../outbox/outbox.js';
import { businessErrorReply, isDeclared, TRANSIENT_ERRORS } from '../protocol/business-errors.js';
import { BatchQueue } from './batch-queue.js';
import { BatchRun, SharedReads } from './batch-run.js';
import { recordsValue } from './command-run.js';
import { InboxExecutor, inboxKeyOf, replyOf, type InboxExecutorOptions } from './inbox-executor.js';

/** One command that waits for its batch, or is in it. */
interface BatchedCommand {
  readonly command: BoundCommand;
  readonly request: CommandRequest;
  readonly inbox: InboxKey;
  readonly until: Deadline;
  /** The record key: a batch has one command of each at most. */
  readonly key: string;
  /** Characters of its input. */
  readonly size: number;
  readonly resolve: (reply: CommandReply) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The outcome of a command's handler. `reply` is missing when the command must run by itself: it failed, is a second
 * delivery, or is large.
 */
interface Decision {
  readonly run: BatchRun;
  readonly reply?: CommandReply;
  /** False for transient errors, which are a reply but not stored. */
  readonly isKept?: boolean;
}

/**
 * BatchExecutor exists to share one transaction among many commands (BatchHandler); it works by making a batch of those
 * that come to one database while the batch before is in work. A batch's transaction takes all its buckets, reads what
 * its handlers read by one statement for all, and ends with one statement for each kind of row, the inbox rows with the
 * replies, and the COMMIT.
 *
 * Any fault undoes the whole batch, and each of its commands is then run by itself (InboxExecutor): so a command that
 * fails, waits for a bucket that is being moved, has a reply already, or is too late, changes nothing for the others.
 *
 * The inbox rows are written last, by a plain insert, which fails if a second delivery elsewhere was quicker. Writing
 * them first would save no work, since by then the batch has locked what it changes.
 */
export class BatchExecutor implements CommandExecutor {
  private readonly single: InboxExecutor;
  private readonly admission: Admission;
  /** By server. */
  private readonly queues = new Map<string, BatchQueue<BatchedCommand>>();

  constructor(private readonly options: InboxExecutorOptions) {
    this.single = new InboxExecutor(options);
    this.admission = new Admission(options.database);
  }

  async execute(command: BoundCommand, request: CommandRequest): Promise<CommandReply> {
    const { database } = this.options;
    const mayBatch = command.isBatched === true && command.operation.secretReply !== true;
    if (!mayBatch) return this.single.execute(command, request);
    const inbox = inboxKeyOf(database, command, request);
    const until = await this.single.deadlineOf(inbox.bucket, request);
    const reply = await new Promise<CommandReply>((resolve, reject) => {
      const size = request.bodyText.length;
      const batched = { command, request, inbox, until, key: request.key, size, resolve, reject };
      this.queueOf(database.serverNameOf?.(inbox.bucket) ?? '').push(batched);
    });
    database.served?.(inbox.bucket);
    return reply;
  }

  settle(command: BoundCommand, request: CommandRequest): Promise<CommandReply> {
    return this.single.settle(command, request);
  }

  admit(operation: Command, request: CommandRequest, isFlow: boolean): Promise<CommandReply | undefined> {
    return this.admission.admit(operation, request, isFlow);
  }

  hasServers(): boolean {
    return this.single.hasServers();
  }

  serverOf(key: string): string | undefined {
    return this.single.serverOf(key);
  }

  private queueOf(server: string): BatchQueue<BatchedCommand> {
    let queue = this.queues.get(server);
    if (!queue) {
      queue = new BatchQueue((batch) => this.run(batch));
      this.queues.set(server, queue);
    }
    return queue;
  }

  /** Settles the promise of each command. Never rejects. */
  private async run(batch: readonly BatchedCommand[]): Promise<void> {
    const { database, onPublished, onStarted, onBatchFailed } = this.options;
    // In one order everywhere: two batches never wait for each other.
    const buckets = [...new Set(batch.map(({ inbox }) => inbox.bucket))].toSorted((a, b) => a - b);
    let decisions: readonly Decision[] = [];
    try {
      decisions = await transactOver(database, buckets, (tx) => this.decide(tx, batch));
      const publisher = decisions.findIndex(({ run, reply }) => reply?.ok === true && run.messages.length > 0);
      if (publisher >= 0) onPublished?.(batch[publisher]!.inbox.bucket);
      const starter = decisions.findIndex(({ run, reply }) => reply?.ok === true && run.started > 0);
      if (starter >= 0) onStarted?.(batch[starter]!.inbox.bucket);
    } catch (error) {
      onBatchFailed?.(error, batch.length);
      decisions = []; // whatever it was, each finds out by itself
    }
    batch.forEach(({ command, request, resolve, reject }, n) => {
      const reply = decisions[n]?.reply;
      if (reply) resolve(reply);
      else this.single.execute(command, request).then(resolve, reject);
    });
  }

  private async decide(tx: Sql, batch: readonly BatchedCommand[]): Promise<Outcome<readonly Decision[]>> {
    const reads = new SharedReads(tx);
    const findingReplied = findReplied(
      tx,
      batch.map(({ inbox }) => inbox),
    );
    const deciding = batch.map((batched) => this.decideOne(batched, reads));
    reads.send();
    const [replied, decided] = await Promise.all([findingReplied, Promise.all(deciding)]);
    const decisions = decided.map((decision, n) => (replied.has(n) ? { run: decision.run } : decision));
    return { value: decisions, lastStatement: write(tx, batch, decisions) };
  }

  private async decideOne({ command, request, inbox }: BatchedCommand, reads: SharedReads): Promise<Decision> {
    const run = new BatchRun(reads, inbox.bucket, request, this.options.starts);
    const { operation, handler } = command;
    try {
      const output = await handler.handle(request.input, run as never);
      const reply = replyOf(operation, output, this.options.validateOutput);
      return fitsIntoBatch(reply, run) ? { run, reply, isKept: true } : { run };
    } catch (error) {
      if (!isDeclared(operation, error)) return { run };
      return { run, reply: businessErrorReply(error), isKept: !TRANSIENT_ERRORS.has(error.code) };
    }
  }
}

/**
 * Characters of one command's reply and messages. One statement writes those of the whole batch: it must not become
 * huge.
 */
const MAX_COMMAND_SIZE = 128 * 1024;

function fitsIntoBatch({ body }: CommandReply, { messages }: BatchRun): boolean {
  return messages.reduce((sum, message) => sum + (message.body?.length ?? 0), body.length) <= MAX_COMMAND_SIZE;
}

/** Writes the rows of all commands, in statements that are sent together. @throws the first statement's error */
async function write(tx: Sql, batch: readonly BatchedCommand[], decisions: readonly Decision[]): Promise<void> {
  const done = decisions.filter(({ reply }) => reply?.ok === true);
  const recordsOf = new Map<string, StatementRecord[]>();
  for (const { statement, record } of done.flatMap(({ run }) => run.writes)) {
    const known = recordsOf.get(statement);
    if (known) known.push(record);
    else recordsOf.set(statement, [record]);
  }
  const statements: Promise<unknown>[] = [...recordsOf].map(([text, records]) => tx.query(text, recordsValue(records)));
  const kept = decisions.flatMap(({ reply, isKept }, n) => {
    const { inbox, until } = batch[n]!;
    return reply && isKept ? [{ inbox, reply, until }] : [];
  });
  if (kept.length > 0) statements.push(recordAll(tx, kept));
  const messages = done.flatMap(({ run }) => run.messages.map((message) => ({ ...message, bucket: run.bucket })));
  statements.push(writeOutboxOf(tx, messages));
  await Promise.all(statements);
}
