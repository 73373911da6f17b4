import {
  OperationError,
  type Command,
  type DataOf,
  type Event,
  type BusinessErrorDetails,
  type State,
} from '@stoa/contract-kit';
import type { Sql } from '@stoa/postgres';
import type { CommandRequest } from '../api/command-execution.js';
import { deriveId } from '../protocol/ids.js';
import type { CommandContext, BatchContext, StatementRecord } from '../api/handlers.js';
import { messageRow, retractionRow, type MessageOrigin, type OutboxRow } from '../outbox/outbox.js';

/** Thrown by `failAndKeep`: an answer that is an error, and a transaction that commits. */
export class KeptBusinessError extends OperationError {}

/** The only value of a statement that takes records: see BatchContext.read. */
export const recordsValue = (records: readonly StatementRecord[]): readonly [string] => [
  JSON.stringify(records.map((record, n) => ({ n, ...record }))),
];

/**
 * One run of a command's handler: what the handler gets to know of the command, and the events it published, which are written
 * with the reply. Fields are functions, because handlers take the context apart.
 */
export abstract class BaseRun implements BatchContext<Command> {
  readonly messages: OutboxRow[] = [];

  constructor(
    readonly bucket: number,
    private readonly request: CommandRequest,
  ) {}

  get caller() {
    return this.request.caller;
  }

  get now(): Date {
    return this.request.sentAt;
  }

  get commandId(): string {
    return this.request.id;
  }

  get expectedVersion(): number | undefined {
    return this.request.expectedVersion;
  }

  abstract readonly read: <Row>(statement: string, record: StatementRecord) => Promise<Row[]>;

  abstract readonly write: (statement: string, record: StatementRecord) => void;

  readonly fail = (code: string, detail?: string, details?: BusinessErrorDetails): never => {
    throw new OperationError(code, detail, details);
  };

  readonly mintId = (n = 0): string => deriveId(this.request.id, 'mint', String(n));

  readonly publish = async <F extends Event | State>(message: F, version: number, data: DataOf<F>): Promise<void> => {
    this.messages.push(messageRow(message, version, data, this.nextOrigin()));
  };

  readonly retract = async (message: State, version: number, key: string): Promise<void> => {
    this.messages.push(retractionRow(message, version, key, this.nextOrigin()));
  };

  private nextOrigin(): MessageOrigin {
    return {
      id: deriveId(this.request.id, 'fact', String(this.messages.length)),
      traceparent: this.request.traceparent,
    };
  }
}

const readAlone =
  (tx: Sql): BatchContext<never>['read'] =>
  async <Row>(statement: string, record: StatementRecord) =>
    (await tx.query<Row>(statement, recordsValue([record]))).rows;

/** `read` and `write` for storage classes outside of a command, in a transaction of pipelined statements. */
export const inTransaction = (tx: Sql, bucket: number): Pick<BatchContext<never>, 'read' | 'write' | 'bucket'> => ({
  bucket,
  read: readAlone(tx),
  write: (statement, record) => void tx.query(statement, recordsValue([record])),
});

/** A row that a command meant to make is there already. Trying again finds it. */
class MadeMeanwhile extends Error {
  readonly code = '40001'; // serialization_failure: what isTransient takes for worth another try
}

const UNIQUE_VIOLATION = '23505';

/** A run in a transaction of its own. */
export class CommandRun extends BaseRun implements CommandContext<Command> {
  private readonly pending: Promise<unknown>[] = [];
  readonly read: BatchContext<never>['read'];

  constructor(
    readonly tx: Sql,
    bucket: number,
    request: CommandRequest,
  ) {
    super(bucket, request);
    this.read = readAlone(tx);
  }

  readonly write = (statement: string, record: StatementRecord): void => {
    const answer = this.tx.query(statement, recordsValue([record])).catch((error: unknown) => {
      const isThere = error instanceof Error && 'code' in error && error.code === UNIQUE_VIOLATION;
      throw isThere ? new MadeMeanwhile(error.message, { cause: error }) : error;
    });
    this.await(answer);
  };

  readonly pipeline = (text: string, values: readonly unknown[]): void => this.await(this.tx.query(text, values));

  private await(answer: Promise<unknown>): void {
    answer.catch(() => undefined); // awaited by `written`, or of no interest any more: the handler failed
    this.pending.push(answer);
  }

  /** The transaction's last statement, once all writes were answered. @throws the error of the first that failed */
  async written(lastStatement: Promise<void>): Promise<void> {
    await Promise.all([...this.pending, lastStatement]);
  }

  readonly failAndKeep = (code: string, detail?: string): never => {
    throw new KeptBusinessError(code, detail);
  };
}
