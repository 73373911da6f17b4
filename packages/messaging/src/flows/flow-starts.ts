import type { Command } from '@stoa/contract-kit';
import type { Database } from '@stoa/postgres';
import type { StatementRecord } from '../api/handlers.js';
import { deriveId } from '../protocol/ids.js';
import { keyOf } from '../protocol/key-of.js';
import { startRecord } from './flow-rows.js';

/** The command or event whose transaction starts a flow. */
export interface StartedBy {
  readonly bucket: number;
  readonly id: string;
  /** How many flows it started before. */
  readonly n: number;
  readonly traceparent: string | undefined;
}

/** Makes the rows of flows that transactions start. */
export class FlowStarts {
  constructor(
    private readonly database: Pick<Database, 'bucketOf'>,
    private readonly service: string,
  ) {}

  /**
   * @returns the flow's id, the same for every delivery of what starts it, and the record of START_FLOWS
   * @throws Error for a command that is no durable one of this service, or whose key is in another bucket: a
   *   transaction writes to its own
   */
  rowOf(command: Command, input: unknown, by: StartedBy): { readonly id: string; readonly record: StatementRecord } {
    const name = `${command.service}.${command.name}`;
    if (command.service !== this.service || command.durable !== true) {
      throw new Error(`${name} can't be started here: it is no durable command of ${this.service}`);
    }
    command.input.parse(input);
    const id = deriveId(by.id, 'start', command.name, String(by.n));
    const caller = { kind: 'service', name: this.service } as const;
    const key = keyOf(command, id, input, caller);
    if (this.database.bucketOf(key) !== by.bucket) {
      throw new Error(`${name} is keyed by ${command.key}, which is in another bucket than what starts it`);
    }
    const bodyText = JSON.stringify(input);
    const { bucket, traceparent } = by;
    return { id, record: startRecord({ bucket, id, operation: command, key, bodyText, caller, traceparent }) };
  }
}
