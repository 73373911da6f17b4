/** Times as many as are free. */
const SHARE = 3;

/**
 * A bounded number of places, and who holds them. An owner may hold three times as many as are free: one that never
 * gives any back comes to three quarters of all, two to three sevenths each, and some are always free for the others.
 * Where few are free because all are busy, each may hold what an even division among them, and one more, would give it.
 */
export class Shares {
  private readonly held = new Map<string, number>();
  private sum = 0;

  constructor(private readonly places: number) {}

  get total(): number {
    return this.sum;
  }

  /** Without an owner: any that is free. */
  mayTake(owner: string | undefined, places = 1): boolean {
    const free = this.places - this.sum;
    if (free < places) return false;
    if (owner === undefined) return true;
    const held = this.held.get(owner) ?? 0;
    const owners = this.held.size + (held === 0 ? 1 : 0);
    return held + places <= Math.max(SHARE * free, this.places / (owners + 1));
  }

  take(owner: string | undefined, places = 1): void {
    this.sum += places;
    if (owner !== undefined) this.held.set(owner, (this.held.get(owner) ?? 0) + places);
  }

  giveBack(owner: string | undefined, places = 1): void {
    this.sum -= places;
    if (owner === undefined) return;
    const held = (this.held.get(owner) ?? 0) - places;
    if (held > 0) this.held.set(owner, held);
    else this.held.delete(owner);
  }
}
