import { MAX_SKU_LENGTH } from '@stoa/contract-kit';
import { createHash } from 'node:crypto';
import { slug } from './text.js';

const HASH_LENGTH = 8;

/**
 * The SKU of a variant that a file gives none: the same for the same handle and options, now and in the next import.
 * Dots separate the parts, because handles and slugs have none: variant "blue" of "shirt" can't meet a product
 * "shirt-blue".
 */
export function generatedSku(handle: string, options: readonly string[]): string {
  const readable = [handle, ...options.map((option) => slug(option))].join('.');
  // "S/M" and "S M" have one slug: a hash keeps apart what has the same slug.
  const lossless = options.every((option) => slug(option) === option.toLowerCase().replaceAll(' ', '-'));
  if (lossless && readable.length <= MAX_SKU_LENGTH) return readable;
  const hash = createHash('sha256')
    .update(JSON.stringify([handle, ...options]))
    .digest('hex')
    .slice(0, HASH_LENGTH);
  return `${readable.slice(0, MAX_SKU_LENGTH - HASH_LENGTH - 1).replace(/[\s.]+$/, '')}~${hash}`;
}
