import { Injectable } from '@nestjs/common';
import type { EventHandler } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { SettleNames } from '../names/settle-names.js';

type Settling = EventHandler<typeof profile.namesDecided>;

/** Confirms or releases the names that a command had reserved, once it is decided. */
@Injectable()
export class SettleDecidedNames implements Settling {
  constructor(private readonly settle: SettleNames) {}

  readonly on: Settling['on'] = ({ token, customerId, buckets }) => this.settle.ofDecided(token, customerId, buckets);
}
