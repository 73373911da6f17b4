import type { Command } from '@stoa/contract-kit';
import type { Sql } from '@stoa/postgres';
import type { BoundCommand, CommandExecutor, CommandReply, CommandRequest } from '../api/command-execution.js';
import { businessErrorReply, isDeclared, TRANSIENT_ERRORS } from '../protocol/business-errors.js';
import type { StatementRecord } from '../api/handlers.js';
import { Admission } from '../inbox/admission.js';
import { InboxExecutor, inboxKeyOf, replyOf, type InboxExecutorOptions } from './command-executor.js';
import { recordsValue } from './command-run.js';
import { BatchQueue } from './batch-queue.js';
import { BatchRun, SharedReads } from './batch-run.js';
import { findAnswered, recordAll, type InboxKey } from '../inbox/inbox.js';
import { writeOutboxOf } from '../outbox/outbox.js';
import type { Deadline } from '../clocks/server-clocks.js';
import { transactOver, type Outcome } from './transact.js';

/** One command that waits for its group, or is in it. */
interface Member {
  readonly command: BoundCommand;
  readonly request: CommandRequest;
  readonly inbox: InboxKey;
  readonly until: Deadline;
  /** Its key: a group has one command of each at most. */
  readonly key: string;
  /** Characters of its input. */
  readonly size: number;
  readonly resolve: (reply: CommandReply) => void;
  readonly reject: (error: unknown) => void;
}

/** What a member's handler came to; `reply` is missing when it must run by itself: it failed, was answered before, or is large. */
interface Decision {
  readonly run: BatchRun;
  readonly reply?: CommandReply;
  /** Refusals that may pass are answered, and not kept. */
  readonly isKept?: boolean;
}

/**
 * Runs commands that share their transactions (BatchHandler): those that come to one database while a group is in work make up
 * the next group. A group's transaction takes all its buckets, asks what its handlers ask by one statement for all, and ends with
 * one statement for each kind of row, the inbox rows with the replies, and the COMMIT.
 *
 * Whatever goes wrong undoes the whole group, and each of its commands is then run by itself (InboxExecutor): so a command that
 * fails, waits for a bucket that is being moved, was answered before, or is too late, changes nothing for the others.
 *
 * The inbox rows are written last, by a plain insert: a second delivery elsewhere that was quicker makes it fail. It would
 * save no work to write them first, since the group has locked what it changes by then.
 */
export class BatchExecutor implements CommandExecutor {
  private readonly single: InboxExecutor;
  private readonly admission: Admission;
  private readonly lanes = new Map<string, BatchQueue<Member>>();

  constructor(private readonly options: InboxExecutorOptions) {
    this.single = new InboxExecutor(options);
    this.admission = new Admission(options.database);
  }

  async execute(command: BoundCommand, request: CommandRequest): Promise<CommandReply> {
    const { database } = this.options;
    const mayShare = command.isBatched === true && command.operation.secretReply !== true;
    if (!mayShare) return this.single.execute(command, request);
    const inbox = inboxKeyOf(database, command, request);
    const until = await this.single.deadlineOf(inbox.bucket, request);
    const reply = await new Promise<CommandReply>((resolve, reject) => {
      const size = request.bodyText.length;
      const member = { command, request, inbox, until, key: request.key, size, resolve, reject };
      this.laneOf(database.serverNameOf?.(inbox.bucket) ?? '').push(member);
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

  private laneOf(server: string): BatchQueue<Member> {
    let lane = this.lanes.get(server);
    if (!lane) {
      lane = new BatchQueue((members) => this.run(members));
      this.lanes.set(server, lane);
    }
    return lane;
  }

  /** Answers all. Never rejects. */
  private async run(members: readonly Member[]): Promise<void> {
    const { database, onPublished, onBatchFailed } = this.options;
    // In one order everywhere: two groups never wait for each other.
    const buckets = [...new Set(members.map(({ inbox }) => inbox.bucket))].toSorted((a, b) => a - b);
    let decisions: readonly Decision[] = [];
    try {
      decisions = await transactOver(database, buckets, (tx) => this.decide(tx, members));
      const told = decisions.findIndex(({ run, reply }) => reply?.ok === true && run.messages.length > 0);
      if (told >= 0) onPublished?.(members[told]!.inbox.bucket);
    } catch (error) {
      onBatchFailed?.(error, members.length);
      decisions = []; // whatever it was, each finds out by itself
    }
    members.forEach(({ command, request, resolve, reject }, n) => {
      const reply = decisions[n]?.reply;
      if (reply) resolve(reply);
      else this.single.execute(command, request).then(resolve, reject);
    });
  }

  private async decide(tx: Sql, members: readonly Member[]): Promise<Outcome<readonly Decision[]>> {
    const questions = new SharedReads(tx);
    const answering = findAnswered(
      tx,
      members.map(({ inbox }) => inbox),
    );
    const deciding = members.map((member) => this.decideOne(member, questions));
    questions.send();
    const [answered, decided] = await Promise.all([answering, Promise.all(deciding)]);
    const decisions = decided.map((decision, n) => (answered.has(n) ? { run: decision.run } : decision));
    return { value: decisions, lastStatement: write(tx, members, decisions) };
  }

  private async decideOne({ command, request, inbox }: Member, questions: SharedReads): Promise<Decision> {
    const run = new BatchRun(questions, inbox.bucket, request);
    const { operation, handler } = command;
    try {
      const output = await handler.handle(request.input, run as never);
      const reply = replyOf(operation, output, this.options.validateOutput);
      return mayBeShared(reply, run) ? { run, reply, isKept: true } : { run };
    } catch (error) {
      if (!isDeclared(operation, error)) return { run };
      return { run, reply: businessErrorReply(error), isKept: !TRANSIENT_ERRORS.has(error.code) };
    }
  }
}

/** Characters of a member's reply and events. A group writes those of all by one statement: it must not become huge. */
const MOST_OF_A_MEMBER = 128 * 1024;

function mayBeShared({ body }: CommandReply, { messages }: BatchRun): boolean {
  return messages.reduce((sum, message) => sum + (message.body?.length ?? 0), body.length) <= MOST_OF_A_MEMBER;
}

/** All that the group's commands write, in statements that are sent together. @throws the first statement's error */
async function write(tx: Sql, members: readonly Member[], decisions: readonly Decision[]): Promise<void> {
  const done = decisions.filter(({ reply }) => reply?.ok === true);
  const writes = new Map<string, StatementRecord[]>();
  for (const { statement, record } of done.flatMap(({ run }) => run.writes)) {
    const known = writes.get(statement);
    if (known) known.push(record);
    else writes.set(statement, [record]);
  }
  const statements: Promise<unknown>[] = [...writes].map(([text, records]) => tx.query(text, recordsValue(records)));
  const kept = decisions.flatMap(({ reply, isKept }, n) => {
    const { inbox, until } = members[n]!;
    return reply && isKept ? [{ inbox, reply, until }] : [];
  });
  if (kept.length > 0) statements.push(recordAll(tx, kept));
  const messages = done.flatMap(({ run }) => run.messages.map((message) => ({ ...message, bucket: run.bucket })));
  statements.push(writeOutboxOf(tx, messages));
  await Promise.all(statements);
}
