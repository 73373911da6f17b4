import { commonErrors, OperationError } from '@stoa/contract-kit';
import type { BoundCommand, CommandExecutor, CommandReply, CommandRequest } from '../command-execution.js';
import type { Database, ErrorBody, Sql } from '../types.js';
import { bodyHash } from './body-hash.js';
import { CommandRun, KeptRefusal } from './command-run.js';
import { claim, finish, readReply, record, type InboxKey } from './inbox.js';
import { writeOutbox } from './outbox.js';

export interface InboxExecutorOptions {
  readonly database: Database;
  /** Checks each output against its contract; for development and tests (11 µs for a cart of five lines). */
  readonly validateOutput: boolean;
  /** Told after a commit that wrote to the outbox, so that the relay needn't wait for its next look. */
  readonly onPublished?: () => void;
}

/** What a transaction leaves behind: the reply, and its last statement, which may still be on its way (see Sql.pipelined). */
interface Outcome {
  readonly reply: CommandReply;
  readonly lastStatement: Promise<void>;
  readonly published: boolean;
}

/** A refusal on its way out of the transaction, which its being thrown rolls back. */
class RolledBack extends Error {
  constructor(readonly refusal: OperationError) {
    super(refusal.message);
  }
}

/** These say that the same command may be answered otherwise in a moment, so they are no reply to keep. */
const PASSING = new Set<string>([
  'UNAVAILABLE',
  'OVERLOADED',
  'DEADLINE_EXCEEDED',
  'RATE_LIMITED',
  'INTERNAL',
  'UNSUPPORTED_CONTRACT_VERSION',
]);

const NOTHING: Promise<void> = Promise.resolve();

function refusalReply({ code, message, problems }: OperationError): CommandReply {
  const body: ErrorBody = { code, detail: message, ...(problems && { problems }) };
  return { ok: false, body: JSON.stringify(body) };
}

const REUSED = refusalReply(
  new OperationError('IDEMPOTENCY_KEY_REUSED', 'Another request was sent with this key before, with a different body'),
);

/**
 * Runs commands exactly once in effect. A command's transaction begins with its inbox row, which makes a second delivery
 * wait and then return the first one's reply, and ends with that row's reply and the events in one statement, sent
 * together with the COMMIT.
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
    const key = this.keyOf(command, request);
    const secret = command.operation.secretReply === true;
    try {
      return await this.commit(key.bucket, (tx) =>
        secret ? this.runUnrecorded(tx, command, request, key.bucket) : this.runOnce(tx, command, request, key),
      );
    } catch (error) {
      if (!(error instanceof RolledBack)) throw error;
      const reply = refusalReply(error.refusal);
      if (secret || PASSING.has(error.refusal.code)) return reply;
      return await this.options.database.transaction(key.bucket, async (tx) =>
        (await record(tx, key, reply)) ? reply : answerAgain(tx, key),
      );
    }
  }

  private keyOf({ operation }: BoundCommand, { id, key, bodyText }: CommandRequest): InboxKey {
    const bucket = this.options.database.bucketOf(key);
    return { bucket, commandId: id, key, bodyHash: bodyHash(operation, bodyText) };
  }

  private async runOnce(tx: Sql, command: BoundCommand, request: CommandRequest, key: InboxKey): Promise<Outcome> {
    const now = await claim(tx, key);
    if (!now) return { reply: await answerAgain(tx, key), lastStatement: NOTHING, published: false };
    const run = new CommandRun(tx, key.bucket, now, request);
    const reply = await this.handle(command, request, run);
    return { reply, lastStatement: finish(tx, key, reply, run.facts), published: run.facts.length > 0 };
  }

  private async runUnrecorded(
    tx: Sql,
    command: BoundCommand,
    request: CommandRequest,
    bucket: number,
  ): Promise<Outcome> {
    const { rows } = await tx.query<{ now: Date }>('SELECT now() AS now', []);
    const run = new CommandRun(tx, bucket, rows[0]?.now ?? new Date(), request);
    const reply = await this.handle(command, request, run);
    return { reply, lastStatement: writeOutbox(tx, bucket, run.facts), published: run.facts.length > 0 };
  }

  /** @throws RolledBack for a refusal that undoes what was written. */
  private async handle({ operation, handler }: BoundCommand, request: CommandRequest, run: CommandRun) {
    try {
      const output = await handler.handle(request.input, run);
      if (this.options.validateOutput) operation.output.parse(output);
      return { ok: true, body: JSON.stringify(output ?? null) };
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      if (!(error.code in operation.errors) && !(error.code in commonErrors)) {
        throw new Error(`${operation.service}.${operation.name} refused with ${error.code}, unknown to its contract`, {
          cause: error,
        });
      }
      if (!(error instanceof KeptRefusal)) throw new RolledBack(error);
      return refusalReply(error);
    }
  }

  private async commit(bucket: number, work: (tx: Sql) => Promise<Outcome>): Promise<CommandReply> {
    let lastStatement = NOTHING;
    try {
      const { reply, published } = await this.options.database.transaction(bucket, async (tx) => {
        lastStatement = NOTHING;
        const outcome = await work(tx);
        lastStatement = outcome.lastStatement;
        lastStatement.catch(() => undefined); // awaited below, after the commit
        if (!tx.pipelined) await lastStatement;
        return outcome;
      });
      await lastStatement;
      if (published) this.options.onPublished?.();
      return reply;
    } catch (error) {
      // If the last statement failed, COMMIT only knows that it had to roll back: the statement's own error says why.
      await lastStatement;
      throw error;
    }
  }
}

async function answerAgain(tx: Sql, key: InboxKey): Promise<CommandReply> {
  const { sameBody, ok, body } = await readReply(tx, key);
  return sameBody ? { ok, body } : REUSED;
}
