/** Something that would break a consumer or a provider one version away. */
export interface BreakingChange {
  /** `cart.addItem`, or `cart` for the contract as a whole. */
  readonly where: string;
  /** What of it: `input /quantity`, `error NOT_FOUND`, `route` … */
  readonly path: string;
  /** What changed, and whom it would hurt. */
  readonly reason: string;
}

/** As one line: `cart.addItem input /quantity: maximum fell from 999 to 99: requests that were right would be refused`. */
export const describeChange = ({ where, path, reason }: BreakingChange): string => `${where} ${path}: ${reason}`;
