import { Inject, Injectable } from '@nestjs/common';
import type { DatabaseServer } from '@stoa/postgres';
import { LOGGER, type Logger } from '@stoa/service';
import { emailName } from '../domain/login-name.js';
import { QueueMail } from '../mail/queue-mail.js';
import { Rounds } from '@stoa/sharded-service';
import { Customers } from '../storage/customers.js';
import { Names } from '../storage/names.js';
import { ResetRequests, type ResetRequest } from '../storage/reset-requests.js';

const EVERY_MS = 1_000;
const MOST_AT_ONCE = 50;

/**
 * Looks up who has the address of a request to reset a password, or of a registration, and queues a mail to them; for
 * an address that nobody has, nothing. Settling one twice queues one mail: its link has the request's id.
 */
@Injectable()
export class SettleResetRequests extends Rounds {
  constructor(
    private readonly requests: ResetRequests,
    private readonly names: Names,
    private readonly customers: Customers,
    private readonly mail: QueueMail,
    @Inject(LOGGER) logger: Logger,
  ) {
    super(logger, 'settling requests to reset passwords', EVERY_MS);
  }

  protected shards(): readonly DatabaseServer[] {
    return this.requests.shards();
  }

  protected async round(shard: DatabaseServer): Promise<void> {
    const open = await this.requests.open(shard, MOST_AT_ONCE);
    await Promise.all(open.map((request) => this.one(request)));
  }

  /** One whose customer's shard is unavailable must not hold up the others. */
  private async one(request: ResetRequest): Promise<void> {
    const { requestId } = request;
    try {
      await this.settle(request);
      await this.requests.delete(requestId);
    } catch (error) {
      this.logger.warn({ err: error, requestId }, 'a request to reset a password waits for the next round');
    }
  }

  private async settle({ requestId, email, kind, requestedAt }: ResetRequest): Promise<void> {
    const customerId = await this.names.find(emailName(email));
    if (customerId === undefined) return;
    await this.customers.whileLocked(customerId, async (tx, bucket, customer) => {
      // A name leads to who may have it; their own row says whether they do.
      if (customer.email !== email) return;
      await this.mail.link(
        tx,
        bucket,
        'reset-password',
        { customerId, email, now: requestedAt },
        { linkId: requestId, kind },
      );
    });
  }
}
