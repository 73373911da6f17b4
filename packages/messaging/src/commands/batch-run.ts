import type { Sql } from '@stoa/postgres';
import type { CommandRequest } from '../api/command-execution.js';
import type { StatementRecord } from '../api/handlers.js';
import { BaseRun, recordsValue } from './command-run.js';

interface Asked {
  readonly record: StatementRecord;
  readonly resolve: (rows: never[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Puts together what the commands of a group ask in one turn of the event loop: a statement for all that ask the same. */
export class SharedReads {
  private asked = new Map<string, Asked[]>();
  private isScheduled = false;

  constructor(private readonly tx: Sql) {}

  readonly read = <Row>(statement: string, record: StatementRecord): Promise<Row[]> =>
    new Promise<Row[]>((resolve, reject) => {
      const known = this.asked.get(statement);
      if (known) known.push({ record, resolve, reject });
      else this.asked.set(statement, [{ record, resolve, reject }]);
      if (this.isScheduled) return;
      this.isScheduled = true;
      setImmediate(() => this.send());
    });

  /** Sends what has been asked so far. */
  send(): void {
    this.isScheduled = false;
    const { asked } = this;
    this.asked = new Map();
    for (const [statement, questions] of asked) void this.answer(statement, questions);
  }

  private async answer(statement: string, questions: readonly Asked[]): Promise<void> {
    try {
      const { rows } = await this.tx.query<{ n: number }>(
        statement,
        recordsValue(questions.map((each) => each.record)),
      );
      const answers: { n: number }[][] = questions.map(() => []);
      for (const row of rows) answers[row.n]?.push(row);
      questions.forEach(({ resolve }, n) => resolve(answers[n] as never[]));
    } catch (error) {
      for (const { reject } of questions) reject(error);
    }
  }
}

/** A run that shares its transaction with others. */
export class BatchRun extends BaseRun {
  /** What it writes if it does not refuse. */
  readonly writes: { readonly statement: string; readonly record: StatementRecord }[] = [];
  readonly read: SharedReads['read'];

  constructor(reads: SharedReads, bucket: number, request: CommandRequest) {
    super(bucket, request);
    this.read = reads.read;
  }

  readonly write = (statement: string, record: StatementRecord): void => {
    this.writes.push({ statement, record });
  };
}
