import { Injectable } from '@nestjs/common';
import type { catalog } from '@stoa/catalog-contract';
import type { StateHandler } from '@stoa/messaging';
import { Availability } from '../storage/availability.js';

type AvailabilityHandler = StateHandler<typeof catalog.availability>;

/** Keeps the copy of what is sold out: the catalog's variants don't say it, since a sale changes none. */
@Injectable()
export class FollowAvailability implements AvailabilityHandler {
  constructor(private readonly availability: Availability) {}

  readonly apply: AvailabilityHandler['apply'] = (tx, states) => this.availability.takeOver(tx, states);

  readonly clear: NonNullable<AvailabilityHandler['clear']> = (tx) => this.availability.forget(tx);
}
