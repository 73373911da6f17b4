import { createHash } from 'node:crypto';
import { fits } from '@stoa/postgres';
import { BadCursor } from './errors.js';
import type { Key, KeyColumn, KeyType } from './keyset.js';

/** The position at which a page begins: after a row of the list, or before it. */
export interface Position {
  readonly side: 'after' | 'before';
  readonly key: Key;
}

const CHECK_LENGTH = 6;

/** Ties a cursor to its list: a damaged cursor, or one of another list, would skip or repeat rows silently. */
const checkOf = (list: unknown, body: string): string =>
  createHash('sha256')
    .update(JSON.stringify([list, body]))
    .digest('base64url')
    .slice(0, CHECK_LENGTH);

/** Encodes a position in the list that `list` describes. The cursor is opaque to users and holds only a key. */
export function toCursor(list: unknown, { side, key }: Position): string {
  const body = Buffer.from(JSON.stringify([side, ...key])).toString('base64url');
  return checkOf(list, body) + body;
}

/** The checksum is no secret, so what Postgres would not take in a forged cursor must fail here, not there. */
const FITS: Readonly<Record<KeyType, (part: string) => boolean>> = fits;

function positionOf(body: string, columns: readonly KeyColumn[]): Position | undefined {
  const parts: unknown = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
  if (!Array.isArray(parts) || !parts.every((part) => typeof part === 'string')) return undefined;
  const [side, ...key] = parts as string[];
  if (side !== 'after' && side !== 'before') return undefined;
  const isKey = key.length === columns.length && columns.every(({ type }, index) => FITS[type](key[index] ?? ''));
  return isKey ? { side, key } : undefined;
}

/** Decodes a cursor of this list. @throws BadCursor for any other text. */
export function fromCursor(list: unknown, cursor: string, columns: readonly KeyColumn[]): Position {
  const body = cursor.slice(CHECK_LENGTH);
  if (cursor.slice(0, CHECK_LENGTH) !== checkOf(list, body)) throw new BadCursor();
  try {
    const position = positionOf(body, columns);
    if (position) return position;
  } catch {
    // Malformed: reported below.
  }
  throw new BadCursor();
}
