import type { ContractDocument } from '@stoa/contract-kit';
import { findRouteConflicts } from '@stoa/contract-kit/documents';
import { canonicalJson } from './canonical-json.js';
import { checkDocument } from './check-document.js';

/** A document that was refused, for operators to see. */
export interface RefusedContract {
  readonly service: string;
  readonly version: number | null;
  readonly reasons: readonly string[];
  /** ISO 8601. */
  readonly at: string;
}

/** The outcome of an offer. `known`: the document is in force already. */
export type Decision =
  | { readonly outcome: 'accepted'; readonly document: ContractDocument }
  | { readonly outcome: 'known' }
  | { readonly outcome: 'older'; readonly inForce: number }
  | { readonly outcome: 'refused'; readonly refused: RefusedContract };

/** The changes that would break consumers of `before` when `after` replaces it. */
export type BreakingChanges = (before: ContractDocument, after: ContractDocument) => readonly string[];

/**
 * ContractBook holds the contracts in force. A document replaces an older one only if no consumer of the older one
 * breaks. A refused document changes nothing, is kept for operators to see, and may be offered again.
 */
export class ContractBook {
  private readonly inForce = new Map<string, ContractDocument>();
  private readonly refused = new Map<string, RefusedContract>();

  /** @param builtin the gateway's builtin operations, whose routes no service may take */
  constructor(
    private readonly builtin: ContractDocument,
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

  /**
   * What a service published last can't be followed. Its contract in force stays, if it has one.
   * @param why half a sentence about its record
   */
  keep(service: string, why: string): RefusedContract {
    const before = this.inForce.get(service);
    const stays = before ? `: version ${before.version} stays in force until it is withdrawn` : '';
    return this.note(service, null, [`${why}${stays}`]);
  }

  /**
   * Forgets a service: its routes are free, and whatever it publishes next is new.
   * @returns false if it was not in force
   */
  withdraw(service: string): boolean {
    this.refused.delete(service);
    return this.inForce.delete(service);
  }

  /** The contracts in force, with the builtin one first. */
  documents(): readonly ContractDocument[] {
    return [this.builtin, ...[...this.inForce.values()].toSorted((a, b) => (a.service < b.service ? -1 : 1))];
  }

  /** The refused documents that services published last. */
  refusedContracts(): readonly RefusedContract[] {
    return [...this.refused.values()];
  }

  /** How many services' contracts are known. */
  get size(): number {
    return this.inForce.size;
  }

  private conflicts(document: ContractDocument): readonly string[] {
    const { service: builtin } = this.builtin;
    if (document.service === builtin) return [`the name '${builtin}' is the gateway's own`];
    return findRouteConflicts([...this.documents().filter(({ service }) => service !== document.service), document]);
  }

  private refuse(service: string, version: number | null, reasons: readonly string[]): Decision {
    return { outcome: 'refused', refused: this.note(service, version, reasons) };
  }

  private note(service: string, version: number | null, reasons: readonly string[]): RefusedContract {
    const refused = { service, version, reasons, at: this.now().toISOString() };
    this.refused.set(service, refused);
    return refused;
  }
}
