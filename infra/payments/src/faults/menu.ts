/**
 * Faults exists so that a shop's behaviour can be seen when its provider fails; it works by three triggers: a test card
 * (all requests about its payment), an amount (the request that names it), and a switch (the next requests).
 */
export const FAULTS = [
  'timeoutAfter',
  'timeoutBefore',
  '500After',
  '500Before',
  '429',
  'webhookEarly',
  'webhookLate',
  'webhookThrice',
  'webhookReverse',
  'webhookNever',
  'expires',
  'refundPending',
  'refundFails',
] as const;
export type Fault = (typeof FAULTS)[number];

/** Amounts that cause a fault, in the currency's smallest unit: 666_01 and so on. */
export const AMOUNTS: ReadonlyMap<number, Fault> = new Map(FAULTS.map((fault, n) => [66_601 + n, fault]));

export const OPERATIONS = ['create', 'confirm', 'capture', 'cancel', 'refund', 'session', 'expire', 'read'] as const;
export type FaultyOperation = (typeof OPERATIONS)[number];

/** A switch that is on. */
export interface Switch {
  readonly fault: Fault;
  /** Only requests of this kind; all if not given. */
  readonly operation?: FaultyOperation | undefined;
  /** How many requests are left; without it until it is switched off. */
  left?: number | undefined;
  /** Of so many requests, one: 1 if not given. */
  readonly oneIn?: number | undefined;
}

/** The switches, and how often each key was refused. They are in memory: a provider that starts anew has no fault. */
export class Faults {
  private switches: Switch[] = [];
  private readonly refused = new Map<string, number>();

  turnOn(wanted: Switch): void {
    this.switches.push(wanted);
  }

  turnOff(): void {
    this.switches = [];
  }

  list(): readonly Switch[] {
    return this.switches;
  }

  /** The faults of a request: those of its card, its amount and the switches. */
  of(operation: FaultyOperation, card: readonly string[], amount: number | undefined): Set<Fault> {
    const found = new Set<Fault>(card as Fault[]);
    const byAmount = amount === undefined ? undefined : AMOUNTS.get(amount);
    if (byAmount) found.add(byAmount);
    for (const each of this.switches) {
      if (each.operation !== undefined && each.operation !== operation) continue;
      if (each.oneIn !== undefined && Math.random() * each.oneIn >= 1) continue;
      if (each.left !== undefined) each.left -= 1;
      found.add(each.fault);
    }
    this.switches = this.switches.filter(({ left }) => left === undefined || left > 0);
    return found;
  }

  /** Whether a request under this key is refused once more: each twice. */
  refuses(key: string): boolean {
    const before = this.refused.get(key) ?? 0;
    if (before >= 2) {
      this.refused.delete(key);
      return false;
    }
    if (this.refused.size > 10_000) this.refused.clear();
    this.refused.set(key, before + 1);
    return true;
  }
}
