import { Injectable } from '@nestjs/common';
import type { EventHandler } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { SettleNames } from '../names/settle-names.js';

type Settling = EventHandler<typeof profile.namesDecided>;

/**
 * Confirms or releases the names that a command had reserved, once it is decided. Names and customer are in buckets of
 * their own, so it is all done before the event's transaction; settling twice does no harm.
 */
@Injectable()
export class SettleDecidedNames implements Settling {
  constructor(private readonly settle: SettleNames) {}

  readonly before: NonNullable<Settling['before']> = ({ token, customerId, buckets }) =>
    this.settle.ofDecided(token, customerId, buckets);

  readonly on: Settling['on'] = async () => undefined;
}
