import { Injectable } from '@nestjs/common';
import { holds } from '../domain/login-name.js';
import { Customers } from '../storage/customers.js';
import { Names, type Reservation } from '../storage/names.js';
import { Decisions } from '../storage/decisions.js';

/**
 * Ends reservations. Whether a customer has a name is read in their own bucket, and only once the command that reserved
 * it is decided there: from then on that command can't give it to them, so what they don't hold is free.
 */
@Injectable()
export class SettleNames {
  constructor(
    private readonly names: Names,
    private readonly customers: Customers,
    private readonly decisions: Decisions,
  ) {}

  /** For a command that is known to be decided: its commit, or that of its error, said so. */
  async ofDecided(token: string, customerId: string, buckets: readonly number[]): Promise<void> {
    const found = await Promise.all([...new Set(buckets)].map((bucket) => this.names.reservedBy(token, bucket)));
    const reservations = found.flat();
    if (reservations.length === 0) return;
    // Read after the reservations: who holds a name now may have got it since.
    const held = await this.customers.heldNames(customerId);
    for (const reservation of reservations) await this.names.settle(reservation, holds(held, reservation));
  }

  /** For one whose command may be frozen, dead, or done: it is refused first, unless it is decided. */
  async ofAbandoned(reservation: Reservation): Promise<void> {
    const held = await this.decisions.giveUp(reservation);
    await this.names.settle(reservation, holds(held, reservation));
  }
}
