import { createHash } from 'node:crypto';
import type { z } from 'zod';

const CHECK_LENGTH = 6;

const checkOf = (query: unknown, body: string): string =>
  createHash('sha256')
    .update(JSON.stringify([query, body]))
    .digest('base64url')
    .slice(0, CHECK_LENGTH);

/**
 * A place in the list that `query` asks for, as an opaque text. The check in front ties it to the query: a cursor that
 * was damaged, or that another query gave, would skip or repeat items silently.
 */
export function encodeCursor(query: unknown, place: readonly (string | number)[]): string {
  const body = Buffer.from(JSON.stringify(place)).toString('base64url');
  return checkOf(query, body) + body;
}

/** The place that `encodeCursor` was given, or null when the cursor is not one of this query. */
export function decodeCursor<Place extends z.ZodType>(
  query: unknown,
  cursor: string,
  place: Place,
): z.output<Place> | null {
  const body = cursor.slice(CHECK_LENGTH);
  if (cursor.slice(0, CHECK_LENGTH) !== checkOf(query, body)) return null;
  try {
    // The check is no secret: a forged cursor gets this far, and must not reach the database as something else.
    return place.safeParse(JSON.parse(Buffer.from(body, 'base64url').toString())).data ?? null;
  } catch {
    return null;
  }
}
