import {
  OperationError,
  type Command,
  type DataOf,
  type Event,
  type InputOf,
  type BusinessErrorDetails,
  type State,
} from '@stoa/contract-kit';
import type { Sql } from '@stoa/postgres';
import type { CommandRequest } from '../api/command-execution.js';
import type { BatchContext, CommandContext, StatementRecord } from '../api/handlers.js';
import { START_FLOWS } from '../flows/flow-rows.js';
import type { FlowStarts } from '../flows/flow-starts.js';
import { messageRow, retractionRow, type MessageOrigin, type OutboxRow } from '../outbox/outbox.js';
import { deriveId, publishedId } from '../protocol/ids.js';

/** Thrown by `failAndKeep`: the reply is an error, and the transaction commits. */
export class KeptBusinessError extends OperationError {}

/** The only value of a statement that takes records: see BatchContext.read. */
export const recordsValue = (records: readonly StatementRecord[]): readonly [string] => [
  JSON.stringify(records.map((record, n) => ({ n, ...record }))),
];

/**
 * One run of a command's handler: the handler's context, and the messages that it published, which are written with the
 * reply. Methods are fields, because handlers destructure the context.
 */
export abstract class BaseRun implements BatchContext<Command> {
  readonly messages: OutboxRow[] = [];
  /** How many flows it started. */
  started = 0;

  constructor(
    readonly bucket: number,
    private readonly request: CommandRequest,
    private readonly starts: FlowStarts | undefined,
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

  readonly start = async <C extends Command>(command: C, input: InputOf<C>): Promise<string> => {
    if (!this.starts) throw new Error('no flow can be started here');
    const { id: by, traceparent } = this.request;
    const { id, record } = this.starts.rowOf(command, input, {
      bucket: this.bucket,
      id: by,
      n: this.started,
      traceparent,
    });
    this.started += 1;
    this.write(START_FLOWS, record);
    return id;
  };

  private nextOrigin(): MessageOrigin {
    return { id: publishedId(this.request.id, this.messages.length), traceparent: this.request.traceparent };
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

/** Another command has made the row that this one meant to make. Trying again finds it. */
class RowExists extends Error {
  readonly code = '40001'; // serialization_failure, which isTransient takes for worth another try
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
    starts?: FlowStarts,
  ) {
    super(bucket, request, starts);
    this.read = readAlone(tx);
  }

  readonly write = (statement: string, record: StatementRecord): void => {
    const result = this.tx.query(statement, recordsValue([record])).catch((error: unknown) => {
      const exists = error instanceof Error && 'code' in error && error.code === UNIQUE_VIOLATION;
      throw exists ? new RowExists(error.message, { cause: error }) : error;
    });
    this.await(result);
  };

  readonly pipeline = (text: string, values: readonly unknown[]): void => this.await(this.tx.query(text, values));

  private await(result: Promise<unknown>): void {
    result.catch(() => undefined); // awaited by `written`, or of no interest any more: the handler failed
    this.pending.push(result);
  }

  /** Awaits all writes and the transaction's last statement. @throws the error of the first that failed */
  async written(lastStatement: Promise<void>): Promise<void> {
    await Promise.all([...this.pending, lastStatement]);
  }

  readonly failAndKeep = (code: string, detail?: string): never => {
    throw new KeptBusinessError(code, detail);
  };
}
