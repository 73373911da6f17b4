import type { Promotion, QuoteDiscount } from '@stoa/order-contract';
import { allocate, sum } from './money.js';

/** A variant as order's copy of the catalog has it. */
export interface PricedProduct {
  readonly sku: string;
  readonly product: string;
  readonly title: string;
  readonly imageUrl: string | null;
  readonly price: { readonly amount: number; readonly currency: string };
  readonly sold: boolean;
  readonly available: boolean;
  readonly category: string;
  readonly tags: readonly string[];
  readonly grams: number;
  readonly requiresShipping: boolean;
  readonly taxable: boolean;
  readonly taxClass: string;
}

export interface CartLine {
  readonly sku: string;
  readonly quantity: number;
}

/** A line that can be bought. */
export interface BasketLine {
  readonly product: PricedProduct;
  readonly quantity: number;
  /** Before discounts. */
  readonly price: number;
}

/** Lines in one currency, in the order of their SKUs: what they cost does not depend on the order of a cart. */
export interface Basket {
  readonly currency: string;
  readonly lines: readonly BasketLine[];
}

/** Takes discounts off a basket, one after the other: each goes by what the earlier ones left. */
export class Discounting {
  readonly discounts: QuoteDiscount[][];
  private readonly left: number[];

  constructor(readonly basket: Basket) {
    this.discounts = basket.lines.map(() => []);
    this.left = basket.lines.map(({ price }) => price);
  }

  leftOf = (n: number): number => this.left[n]!;

  leftOfAll = (lines: readonly number[]): number => sum(lines.map(this.leftOf));

  /** Splits an amount over lines, in proportion to what is left of them; at most that is taken. */
  takeOff(promotion: Promotion, amount: number, lines: readonly number[]): void {
    const weights = lines.map(this.leftOf);
    const parts = allocate(Math.min(amount, sum(weights)), weights);
    for (const [k, n] of lines.entries()) this.takeOffLine(promotion, parts[k]!, n);
  }

  /** @param amount at most what is left of the line */
  takeOffLine({ id, version, code, name }: Promotion, amount: number, n: number): void {
    if (amount === 0) return;
    this.left[n] = this.leftOf(n) - amount;
    this.discounts[n]!.push({ promotion: id, version, code, name, amount });
  }
}
