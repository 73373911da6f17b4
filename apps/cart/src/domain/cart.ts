import type { Price } from '@stoa/contract-kit';

/** How many of one SKU are in a cart. */
export interface Line {
  readonly sku: string;
  readonly quantity: number;
}

/** A cart as it is stored: what is in it, without prices. */
export interface CartState {
  readonly customerId: string;
  /** 0: nothing was ever put in. */
  readonly version: number;
  readonly status: 'open' | 'closed';
  /** The customer whose cart took over the lines of a closed one. */
  readonly joinedBy: string | null;
  /** In the order in which they were put in. */
  readonly lines: readonly Line[];
  readonly updatedAt: Date | null;
}

/** A SKU as the cart knows it, from its own copy of the catalog. */
export interface Product {
  readonly sku: string;
  /** False: it is not sold any more, and only its title may still be shown. */
  readonly sold: boolean;
  /** In stock, or sold without. */
  readonly available: boolean;
  readonly handle: string;
  readonly title: string;
  readonly imageUrl: string | null;
  readonly price: Price;
}

/** Products by SKU; a SKU that was never sold is not in it. */
export type Products = ReadonlyMap<string, Product>;

/** Ends a rule with one of the contract's business errors. */
export type Refuse<Code extends string> = (code: Code, detail?: string) => never;

/** The cart of somebody who never put anything in. */
export const emptyCart = (customerId: string): CartState => ({
  customerId,
  version: 0,
  status: 'open',
  joinedBy: null,
  lines: [],
  updatedAt: null,
});
