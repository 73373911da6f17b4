import { createHash, randomBytes } from 'node:crypto';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');

/** 16 bytes as a UUID of version 7: the first six are milliseconds since the epoch. */
function asUuid(bytes: Uint8Array): string {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const text = hex(bytes);
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-${text.slice(12, 16)}-${text.slice(16, 20)}-${text.slice(20)}`;
}

/** A fresh UUIDv7. */
export function newId(): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  return asUuid(bytes);
}

/**
 * An id that follows from another: the same parent and parts always give the same. UUIDv7-shaped, with the parent's
 * time, so that it sorts beside its parent. @throws Error when the parent is not a UUID
 */
export function deriveId(parent: string, ...parts: readonly string[]): string {
  const parentBytes = Buffer.from(parent.replaceAll('-', ''), 'hex');
  if (parentBytes.length !== 16) throw new Error(`not a UUID: ${parent}`);
  // Lengths are hashed too, or ('a', 'bc') would give what ('ab', 'c') gives.
  const hash = createHash('sha256').update(parentBytes);
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  const bytes = hash.digest().subarray(0, 16);
  parentBytes.copy(bytes, 0, 0, 6);
  return asUuid(bytes);
}

/**
 * The id of the n-th message that a command or an event handler publishes, the same for each delivery. The word in it
 * stays: clones of two versions must derive the same ids.
 */
export const publishedId = (parent: string, n: number): string => deriveId(parent, 'fact', String(n));
