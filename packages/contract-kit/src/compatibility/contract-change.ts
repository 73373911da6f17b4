/**
 * - `breaking`: it would break a consumer or a provider one version apart, and must not be made.
 * - `tolerate`: a reply, event or state may hold more than before; consumers of the version before must tolerate it.
 * - `safe`: nobody needs to do anything.
 */
export type Effect = 'breaking' | 'tolerate' | 'safe';

/** A difference between two versions of a contract. */
export interface ContractChange {
  /** `cart.addItem`, or `cart` for the contract as a whole. */
  readonly where: string;
  /** The part of it: `input /quantity`, `error NOT_FOUND`, `route` … */
  readonly path: string;
  /** The change, and whom it concerns. */
  readonly reason: string;
  readonly effect: Effect;
}

/**
 * As one line: `cart.addItem input /quantity: maximum fell from 999 to 99: requests that were right would be refused`.
 */
export const describeChange = ({ where, path, reason }: ContractChange): string => `${where} ${path}: ${reason}`;

/** The part of a declaration that a change is about, where it is a field: `output /total/amount`. */
export const pathOf = (schema: 'input' | 'output' | 'data', pointer: string): string => `${schema} ${pointer}`.trim();
