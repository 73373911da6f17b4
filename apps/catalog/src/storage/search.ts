import { wordsOf } from '../domain/text.js';
import { Prisma } from './prisma.js';

const MAX_WORDS = 10;
// A shorter beginning would match a large part of all words, and so of all products.
const MIN_PREFIX = 3;

/**
 * What people typed as a tsquery: all words, by their stems; the last one may be unfinished. Null when there is no word in
 * it. Words go in as values, so that nothing in them is read as an operator.
 */
export function searchQuery(q: string): Prisma.Sql | null {
  const words = wordsOf(q).slice(0, MAX_WORDS);
  const last = words.at(-1);
  if (last === undefined) return null;
  const exact = Prisma.sql`to_tsquery('simple', ${last.length >= MIN_PREFIX ? `${last}:*` : last})`;
  const end = Prisma.sql`(plainto_tsquery('english', ${last}) || ${exact})`;
  if (words.length === 1) return end;
  return Prisma.sql`(plainto_tsquery('english', ${words.slice(0, -1).join(' ')}) && ${end})`;
}
