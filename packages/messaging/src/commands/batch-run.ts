import type { Sql } from '@stoa/postgres';
import type { CommandRequest } from '../api/command-execution.js';
import type { StatementRecord } from '../api/handlers.js';
import type { FlowStarts } from '../flows/flow-starts.js';
import { BaseRun, recordsValue } from './command-run.js';

interface PendingRead {
  readonly record: StatementRecord;
  readonly resolve: (rows: never[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Collects what a batch's commands read in one turn of the event loop: one statement for all that read the same. */
export class SharedReads {
  private pending = new Map<string, PendingRead[]>();
  private isScheduled = false;

  constructor(private readonly tx: Sql) {}

  readonly read = <Row>(statement: string, record: StatementRecord): Promise<Row[]> =>
    new Promise<Row[]>((resolve, reject) => {
      const known = this.pending.get(statement);
      if (known) known.push({ record, resolve, reject });
      else this.pending.set(statement, [{ record, resolve, reject }]);
      if (this.isScheduled) return;
      this.isScheduled = true;
      setImmediate(() => this.send());
    });

  /** Sends the statements of all reads so far. */
  send(): void {
    this.isScheduled = false;
    const { pending } = this;
    this.pending = new Map();
    for (const [statement, reads] of pending) void this.sendOne(statement, reads);
  }

  private async sendOne(statement: string, reads: readonly PendingRead[]): Promise<void> {
    try {
      const { rows } = await this.tx.query<{ n: number }>(statement, recordsValue(reads.map((each) => each.record)));
      const rowsOf: { n: number }[][] = reads.map(() => []);
      for (const row of rows) rowsOf[row.n]?.push(row);
      reads.forEach(({ resolve }, n) => resolve(rowsOf[n] as never[]));
    } catch (error) {
      for (const { reject } of reads) reject(error);
    }
  }
}

/** A run that shares its transaction with others. */
export class BatchRun extends BaseRun {
  /** The rows that it writes if it does not refuse. */
  readonly writes: { readonly statement: string; readonly record: StatementRecord }[] = [];
  readonly read: SharedReads['read'];

  constructor(reads: SharedReads, bucket: number, request: CommandRequest, starts?: FlowStarts) {
    super(bucket, request, starts);
    this.read = reads.read;
  }

  readonly write = (statement: string, record: StatementRecord): void => {
    this.writes.push({ statement, record });
  };
}
