/**
 * The business limits of carts, each written once. Inputs and the service's rules import them; outputs and events carry
 * none, so that a limit can be changed (README, "Change a limit").
 */

/**
 * How many of one SKU a cart may hold; times the dearest price (MAX_AMOUNT), it must stay an exact integer: 9,007 at
 * most.
 */
export const MAX_QUANTITY = 999;

/** How many different SKUs a cart may hold. */
export const MAX_LINES = 100;
