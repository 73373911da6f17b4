/**
 * A name's row in the lookup keyspace. It names the one customer who has the name, may be about to get it or to lose
 * it, and the command (the token) that decides so in the customer's own bucket.
 *
 * (none) ──reserve──▶ reserved ──the command is decided, the customer holds the name──▶ confirmed
 *     ▲                  │    ▲                                                             │
 *     └──it is decided,──┘    └──another command of the same customer reserves it───────────┘
 *        they don't hold it
 *
 * Only `reserved` rows are deleted, and only once their command can't give anybody the name any more.
 */
export interface NameRow {
  readonly customerId: string;
  readonly token: string;
  readonly state: 'reserved' | 'confirmed';
  readonly reservedAt: Date;
}

/** Who wants a name, and the command that will decide whether they get it. */
export interface Claim {
  readonly customerId: string;
  readonly token: string;
}

/** The outcome of a reservation. `settle`: it must be found out first whether the row's own command was decided. */
export type Reserving = 'ours' | 'taken' | 'settle';

/**
 * A row may change hands between two commands only when the first is decided: else that one, if it goes on late, would
 * give the customer a name whose row is gone. So what is still reserved by another command is settled before.
 */
export function reserve(row: NameRow, { customerId, token }: Claim, now: Date, expiryMs: number): Reserving {
  if (row.token === token) return 'ours';
  if (row.customerId === customerId) return row.state === 'confirmed' ? 'ours' : 'settle';
  const isExpired = row.state === 'reserved' && now.getTime() - row.reservedAt.getTime() > expiryMs;
  return isExpired ? 'settle' : 'taken';
}

/**
 * How long after its reservation a name may still be given to a customer. Far longer than any command takes, and far
 * shorter than the inbox keeps the error (48 hours) by which an expired one is stopped: clocks may differ by hours.
 */
const MAY_DECIDE_MS = 3_600_000;

/** After this moment a command must not rely on what it reserved. */
export const decidableUntil = (reservedAt: Date): Date => new Date(reservedAt.getTime() + MAY_DECIDE_MS);
