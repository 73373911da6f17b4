import type { SoldProduct } from '@stoa/order-contract';

/** More first; of the same quantity in the order of the SKUs, so that the order is the same each time. */
const inOrder = (a: SoldProduct, b: SoldProduct): number => b.quantity - a.quantity || (a.sku < b.sku ? -1 : 1);

/** Keeps the best of any number of SKUs, each given once, and forgets the others at once. */
export class TopSold {
  private kept: SoldProduct[] = [];

  constructor(private readonly limit: number) {}

  add(product: SoldProduct): void {
    const place = this.kept.findIndex((other) => inOrder(product, other) < 0);
    if (place < 0 && this.kept.length >= this.limit) return;
    this.kept.splice(place < 0 ? this.kept.length : place, 0, product);
    this.kept.length = Math.min(this.kept.length, this.limit);
  }

  list(): readonly SoldProduct[] {
    return this.kept;
  }
}
