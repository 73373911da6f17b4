/** How long a quote holds, in seconds. */
export const QUOTE_SECONDS = 30 * 60;

/** How long stock is held for an order that is being paid, in seconds. */
export const HOLD_SECONDS = 15 * 60;

/** How long an order waits for a bank transfer, in seconds. */
export const TRANSFER_SECONDS = 14 * 24 * 60 * 60;

/** How often an order may be tried to be paid. */
export const MAX_ATTEMPTS = 10;

/** Parcels, returns and refunds of one order, each. */
export const MAX_PARTS = 200;
