import {
  OperationError,
  type Command,
  type DataOf,
  type Event,
  type RefusalDetails,
  type State,
} from '@stoa/contract-kit';
import type { CommandRequest } from '../command-execution.js';
import { deriveId } from '../ids.js';
import type { CommandContext, Sql } from '../types.js';
import { factRow, retractionRow, type FactOrigin, type OutboxRow } from './outbox.js';

/** Thrown by `failAndKeep`: an answer that is an error, and a transaction that commits. */
export class KeptRefusal extends OperationError {}

/**
 * One run of a command's handler: the context that the handler gets, and the events it published, which are written
 * with the reply. Fields are functions, because handlers take the context apart.
 */
export class CommandRun implements CommandContext<Command> {
  readonly facts: OutboxRow[] = [];
  private readonly writes: Promise<unknown>[] = [];

  constructor(
    readonly tx: Sql,
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

  readonly write = (text: string, values: readonly unknown[]): void => {
    const answer = this.tx.query(text, values);
    answer.catch(() => undefined); // awaited by `written`, or of no interest any more: the handler failed
    this.writes.push(answer);
  };

  /** The transaction's last statement, once all writes were answered. @throws the error of the first that failed */
  async written(lastStatement: Promise<void>): Promise<void> {
    await Promise.all([...this.writes, lastStatement]);
  }

  readonly fail = (code: string, detail?: string, details?: RefusalDetails): never => {
    throw new OperationError(code, detail, details);
  };

  readonly failAndKeep = (code: string, detail?: string): never => {
    throw new KeptRefusal(code, detail);
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
