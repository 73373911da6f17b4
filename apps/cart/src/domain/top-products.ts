/** How much of one SKU all carts hold. */
export interface Demand {
  readonly sku: string;
  readonly quantity: number;
  readonly carts: number;
}

/** More first; of the same quantity in the order of the SKUs, so that the order is the same each time. */
const inOrder = (a: Demand, b: Demand): number => b.quantity - a.quantity || (a.sku < b.sku ? -1 : 1);

/** Keeps the most wanted of any number of SKUs, each given once, and forgets the others at once. */
export class TopProducts {
  private kept: Demand[] = [];

  constructor(private readonly limit: number) {}

  add(demand: Demand): void {
    const last = this.kept[this.limit - 1];
    if (last && inOrder(last, demand) < 0) return;
    const place = this.kept.findIndex((other) => inOrder(demand, other) < 0);
    this.kept.splice(place < 0 ? this.kept.length : place, 0, demand);
    this.kept.length = Math.min(this.kept.length, this.limit);
  }

  /** The most wanted first. */
  list(): readonly Demand[] {
    return this.kept;
  }
}
