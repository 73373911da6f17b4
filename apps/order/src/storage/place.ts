import { fits } from '@stoa/postgres';
import { z } from 'zod';

/** Behind which row a page begins: when it was made, to the microsecond, and its id. */
export type Place = readonly [createdAt: string, id: string];

const Place = z.tuple([z.iso.datetime({ precision: 6 }).refine(fits.timestamptz), z.uuid()]);

export const toCursor = (place: Place): string => Buffer.from(JSON.stringify(place)).toString('base64url');

/** @returns undefined for what is no cursor. */
export function fromCursor(cursor: string): Place | undefined {
  try {
    return Place.safeParse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
