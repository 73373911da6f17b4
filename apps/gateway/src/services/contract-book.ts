import type { ContractDocument } from '@stoa/contract-kit';
import { findRouteConflicts } from '@stoa/contract-kit/documents';
import { canonicalJson } from './canonical-json.js';
import { checkDocument } from './check-document.js';

/** The service name under which the gateway declares its own operations. */
export const OWN_SERVICE = 'gateway';

/** A document that was not taken over, for operators to see. */
export interface Refusal {
  readonly service: string;
  readonly version: number | null;
  readonly reasons: readonly string[];
  /** ISO 8601. */
  readonly at: string;
}

export type Decision =
  | { readonly outcome: 'accepted'; readonly document: ContractDocument }
  | { readonly outcome: 'known' }
  | { readonly outcome: 'older'; readonly inForce: number }
  | { readonly outcome: 'refused'; readonly refusal: Refusal };

/** What would break for consumers of `before` when `after` takes its place; empty when nothing. */
export type BreakingChanges = (before: ContractDocument, after: ContractDocument) => readonly string[];

/**
 * The contracts in force. A document takes the place of an older one only if no consumer of the older one breaks; what
 * is refused changes nothing, is kept for operators to see, and may be offered again.
 */
export class ContractBook {
  private readonly inForce = new Map<string, ContractDocument>();
  private readonly refused = new Map<string, Refusal>();

  /** @param own the gateway's own operations, whose routes no service may take. */
  constructor(
    private readonly own: ContractDocument,
    private readonly breakingChanges: BreakingChanges,
    private readonly now: () => Date = () => new Date(),
  ) {}

  /** Decides about a document as it came from `key` of the contracts topic. */
  offer(key: string, value: unknown): Decision {
    const document = checkDocument(value);
    if (typeof document === 'string') return this.refuse(key, null, [document]);
    if (document.service !== key)
      return this.refuse(key, document.version, [`its service is '${document.service}', but its key is '${key}'`]);
    const before = this.inForce.get(key);
    if (before && document.version < before.version) return { outcome: 'older', inForce: before.version };
    // The fields of JSON objects come back from Postgres in another order.
    if (before && canonicalJson(before) === canonicalJson(document)) {
      this.refused.delete(key);
      return { outcome: 'known' };
    }
    const reasons = [...this.conflicts(document), ...(before ? this.breakingChanges(before, document) : [])];
    if (reasons.length > 0) return this.refuse(key, document.version, reasons);
    this.inForce.set(key, document);
    this.refused.delete(key);
    return { outcome: 'accepted', document };
  }

  /** Forgets a service: its routes are free, and whatever it publishes next is new. @returns false if it was not in force */
  withdraw(service: string): boolean {
    this.refused.delete(service);
    return this.inForce.delete(service);
  }

  /** The contracts in force, with the gateway's own first. */
  documents(): readonly ContractDocument[] {
    return [this.own, ...[...this.inForce.values()].toSorted((a, b) => (a.service < b.service ? -1 : 1))];
  }

  refusals(): readonly Refusal[] {
    return [...this.refused.values()];
  }

  /** How many services' contracts are known. */
  get size(): number {
    return this.inForce.size;
  }

  private conflicts(document: ContractDocument): readonly string[] {
    if (document.service === OWN_SERVICE) return [`the name '${OWN_SERVICE}' is the gateway's own`];
    return findRouteConflicts([...this.documents().filter(({ service }) => service !== document.service), document]);
  }

  private refuse(service: string, version: number | null, reasons: readonly string[]): Decision {
    const refusal = { service, version, reasons, at: this.now().toISOString() };
    this.refused.set(service, refusal);
    return { outcome: 'refused', refusal };
  }
}
