import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { QueueMail } from '../mail/queue-mail.js';
import { Customers } from '../storage/customers.js';
import { Notices } from '../storage/notices.js';

type NoteSignInsLockedHandler = Handler<typeof profile.noteSignInsLocked>;

/** Strangers decide how often they are locked out, and must not fill somebody's mailbox. */
const BETWEEN_MAILS_MS = 24 * 3_600_000;

/** Notes for the owner of an account that wrong passwords locked somebody out of it. */
@Injectable()
export class NoteSignInsLocked implements NoteSignInsLockedHandler {
  constructor(
    private readonly customers: Customers,
    private readonly notices: Notices,
    private readonly mail: QueueMail,
  ) {}

  readonly handle: NoteSignInsLockedHandler['handle'] = async ({ customerId, network }, context) => {
    const { tx, bucket, now, publish } = context;
    const at = now.toISOString();
    const customer = await this.customers.lock(tx, bucket, customerId);
    const added = await this.notices.add(tx, bucket, customerId, { kind: 'sign-ins-locked', at, network });
    if (!customer || !added) return {};
    await publish(profile.signInsLocked, added.count, { customerId, network, lockedAt: at });
    const isRare = added.before === null || now.getTime() - added.before.getTime() > BETWEEN_MAILS_MS;
    if (isRare) await this.mail.notice(tx, bucket, 'sign-ins-locked', { customerId, email: customer.email, now });
    return {};
  };
}
