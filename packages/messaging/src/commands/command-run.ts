import {
  OperationError,
  type Command,
  type DataOf,
  type Event,
  type RefusalDetails,
  type State,
} from '@stoa/contract-kit';
import type { Sql } from '@stoa/postgres';
import type { CommandRequest } from '../api/command-execution.js';
import { deriveId } from '../protocol/ids.js';
import type { CommandContext, GroupContext, StatementRecord } from '../api/types.js';
import { factRow, retractionRow, type FactOrigin, type OutboxRow } from '../outbox/outbox.js';

/** Thrown by `failAndKeep`: an answer that is an error, and a transaction that commits. */
export class KeptRefusal extends OperationError {}

/** The only value of a statement that takes records: see GroupContext.ask. */
export const recordsValue = (records: readonly StatementRecord[]): readonly [string] => [
  JSON.stringify(records.map((record, n) => ({ n, ...record }))),
];

/**
 * One run of a command's handler: what the handler gets to know of the command, and the events it published, which are written
 * with the reply. Fields are functions, because handlers take the context apart.
 */
export abstract class DecidingRun implements GroupContext<Command> {
  readonly facts: OutboxRow[] = [];

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

  abstract readonly ask: <Row>(statement: string, record: StatementRecord) => Promise<Row[]>;

  abstract readonly put: (statement: string, record: StatementRecord) => void;

  readonly fail = (code: string, detail?: string, details?: RefusalDetails): never => {
    throw new OperationError(code, detail, details);
  };

  readonly mintId = (n = 0): string => deriveId(this.request.id, 'mint', String(n));

  readonly publish = async <F extends Event | State>(fact: F, version: number, data: DataOf<F>): Promise<void> => {
    this.facts.push(factRow(fact, version, data, this.nextOrigin()));
  };

  readonly retract = async (fact: State, version: number, key: string): Promise<void> => {
    this.facts.push(retractionRow(fact, version, key, this.nextOrigin()));
  };

  private nextOrigin(): FactOrigin {
    return {
      id: deriveId(this.request.id, 'fact', String(this.facts.length)),
      traceparent: this.request.traceparent,
    };
  }
}

const askAlone =
  (tx: Sql): GroupContext<never>['ask'] =>
  async <Row>(statement: string, record: StatementRecord) =>
    (await tx.query<Row>(statement, recordsValue([record]))).rows;

/** `ask` and `put` for storage classes outside of a command, in a transaction of pipelined statements. */
export const inTransaction = (tx: Sql, bucket: number): Pick<GroupContext<never>, 'ask' | 'put' | 'bucket'> => ({
  bucket,
  ask: askAlone(tx),
  put: (statement, record) => void tx.query(statement, recordsValue([record])),
});

/** A row that a command meant to make is there already. Trying again finds it. */
class MadeMeanwhile extends Error {
  readonly code = '40001'; // serialization_failure: what isTransient takes for worth another try
}

const UNIQUE_VIOLATION = '23505';

/** A run in a transaction of its own. */
export class CommandRun extends DecidingRun implements CommandContext<Command> {
  private readonly writes: Promise<unknown>[] = [];
  readonly ask: GroupContext<never>['ask'];

  constructor(
    readonly tx: Sql,
    bucket: number,
    request: CommandRequest,
  ) {
    super(bucket, request);
    this.ask = askAlone(tx);
  }

  readonly put = (statement: string, record: StatementRecord): void => {
    const answer = this.tx.query(statement, recordsValue([record])).catch((error: unknown) => {
      const isThere = error instanceof Error && 'code' in error && error.code === UNIQUE_VIOLATION;
      throw isThere ? new MadeMeanwhile(error.message, { cause: error }) : error;
    });
    this.await(answer);
  };

  readonly write = (text: string, values: readonly unknown[]): void => this.await(this.tx.query(text, values));

  private await(answer: Promise<unknown>): void {
    answer.catch(() => undefined); // awaited by `written`, or of no interest any more: the handler failed
    this.writes.push(answer);
  }

  /** The transaction's last statement, once all writes were answered. @throws the error of the first that failed */
  async written(lastStatement: Promise<void>): Promise<void> {
    await Promise.all([...this.writes, lastStatement]);
  }

  readonly failAndKeep = (code: string, detail?: string): never => {
    throw new KeptRefusal(code, detail);
  };
}
