import type { ContractDocument } from '@stoa/contract-kit';
import type { KafkaRecord } from '@stoa/kafka';

/** A record of a service's contract topic: its contract, or that its owner withdrew it. */
export type ContractRecord =
  | { readonly kind: 'published'; readonly document: ContractDocument }
  | { readonly kind: 'withdrawn' };

/**
 * The body of a withdrawal. A record without a body is none: anybody's tool writes that by mistake, and so does who
 * means to close the shop.
 */
export const withdrawalOf = (service: string): string => JSON.stringify({ format: 1, service, withdrawn: true });

/** @returns the record's content, or why it can't be read */
export function readContractRecord({ key, value }: KafkaRecord): ContractRecord | string {
  if (value === null) return 'its record was emptied without a withdrawal';
  let content: Partial<ContractDocument> & { readonly withdrawn?: unknown };
  try {
    content = JSON.parse(value.toString()) as ContractDocument;
  } catch {
    return 'its record is not JSON';
  }
  if (content.format !== 1) return `its record is of the format ${String(content.format)}, which is unknown here`;
  if (content.service !== key?.toString()) return `its record is for '${String(content.service)}'`;
  return content.withdrawn === true
    ? { kind: 'withdrawn' }
    : { kind: 'published', document: content as ContractDocument };
}
