import { Inject, Injectable } from '@nestjs/common';
import { OperationError } from '@stoa/contract-kit';
import {
  closeCommand,
  type CommandReply,
  DATABASE,
  deriveId,
  messageRow,
  findReply,
  unwrapReply,
  businessErrorReply,
  writeOutbox,
} from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import type { SqlDatabase } from '@stoa/postgres';
import type { HeldNames } from '../domain/login-name.js';
import type { Claim } from '../domain/reservation.js';
import { heldNames } from './customers.js';

const ABANDONED = new OperationError(
  'ABANDONED',
  'This was not finished in time and has been undone: send it again, under another Idempotency-Key',
);

/**
 * The decision of a command that reserves names: its row in the inbox of its customer's bucket. That row is the one
 * commit point of the saga; all else follows from it, and can be found out again.
 */
@Injectable()
export class Decisions {
  constructor(@Inject(DATABASE) private readonly database: SqlDatabase) {}

  /** The reply to a command; undefined: it is not decided yet. @throws OperationError if that was an error */
  async find<Output>({ customerId, token }: Claim): Promise<Output | undefined> {
    const bucket = this.database.bucketOf(customerId);
    const reply = await this.database.transaction(bucket, (tx) => findReply(tx, { bucket, commandId: token }));
    return reply && unwrapReply<Output>(reply);
  }

  /**
   * Refuses a command that has not been decided, and publishes that for those who settle its names.
   * @returns the output of another delivery that got through before.
   * @throws OperationError `error`, or an earlier one.
   */
  async refuse<Output>(claim: Claim, error: OperationError, buckets: readonly number[]): Promise<Output> {
    const { customerId, token } = claim;
    const bucket = this.database.bucketOf(customerId);
    const reply = await this.database.transaction(bucket, async (tx): Promise<CommandReply> => {
      const closed = await closeCommand(tx, { bucket, commandId: token, key: customerId }, businessErrorReply(error));
      if (closed.isNew) {
        const origin = { id: deriveId(token, 'refused'), traceparent: undefined };
        await writeOutbox(tx, bucket, [
          messageRow(profile.namesDecided, 1, { token, customerId, buckets: [...buckets] }, origin),
        ]);
      }
      return closed.reply;
    });
    return unwrapReply<Output>(reply);
  }

  /**
   * Refuses a command that has not been decided.
   * @returns the names that its customer has; undefined: there is none.
   */
  giveUp({ customerId, token }: Claim): Promise<HeldNames | undefined> {
    const bucket = this.database.bucketOf(customerId);
    return this.database.transaction(bucket, async (tx) => {
      await closeCommand(tx, { bucket, commandId: token, key: customerId }, businessErrorReply(ABANDONED));
      // Behind it: a command that was just committing has been waited for, and its customer is seen.
      return heldNames(tx, bucket, customerId);
    });
  }
}
