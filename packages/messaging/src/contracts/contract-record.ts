import type { ContractDocument } from '@stoa/contract-kit';
import type { Headers, KafkaRecord } from '@stoa/kafka';
import type { SealingKey } from '../sealing/sealed-fields.js';

/** A record of a service's contract topic: its contract, or that its owner withdrew it. */
export type ContractRecord =
  | { readonly kind: 'published'; readonly document: ContractDocument; readonly sealTo?: SealingKey }
  | { readonly kind: 'withdrawn' };

/**
 * The body of a withdrawal. A record without a body is none: anybody's tool writes that by mistake, and so does who
 * means to close the shop.
 */
export const withdrawalOf = (service: string): string => JSON.stringify({ format: 1, service, withdrawn: true });

/** @returns the record's content, or why it can't be read */
export function readContractRecord({ key, value, headers }: KafkaRecord): ContractRecord | string {
  if (value === null) return 'its record was emptied without a withdrawal';
  let content: Partial<ContractDocument> & { readonly withdrawn?: unknown };
  try {
    content = JSON.parse(value.toString()) as ContractDocument;
  } catch {
    return 'its record is not JSON';
  }
  if (content.format !== 1) return `its record is of the format ${String(content.format)}, which is unknown here`;
  if (content.service !== key?.toString()) return `its record is for '${String(content.service)}'`;
  if (content.withdrawn === true) return { kind: 'withdrawn' };
  const sealTo = sealingKeyIn(headers[SEALING_HEADER]);
  return { kind: 'published', document: content as ContractDocument, ...(sealTo && { sealTo }) };
}

/** Beside the contract, not in it: a key is the service's own matter, and no version of what it promises. */
export const SEALING_HEADER = 'seal-to';

export const sealingHeaders = (key: SealingKey): Headers => ({ [SEALING_HEADER]: JSON.stringify(key) });

function sealingKeyIn(header: string | undefined): SealingKey | undefined {
  try {
    const key = JSON.parse(header ?? 'null') as SealingKey | null;
    return key && typeof key.kid === 'string' ? key : undefined;
  } catch {
    return undefined;
  }
}
