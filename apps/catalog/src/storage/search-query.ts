import { wordsOf } from '../domain/text.js';
import { Prisma } from './prisma.js';

const MAX_WORDS = 10;
// A shorter beginning would match a large part of all words, and so of all products.
const MIN_PREFIX = 3;

/** How the last word of a search is taken: as it is, or as the beginning of one that is still being typed. */
export type LastWord = 'whole' | 'unfinished';

/**
 * What people typed as a tsquery: all words, by their stems. Null when there is no word in it, or none that could be
 * unfinished. Words go in as values, so that nothing in them is read as an operator.
 */
export function searchQuery(q: string, lastWord: LastWord): Prisma.Sql | null {
  const words = wordsOf(q).slice(0, MAX_WORDS);
  const last = words.at(-1);
  if (last === undefined) return null;
  // Both as stem and as it is: stop words ("the") have no stem, and may be a title.
  if (lastWord === 'whole') {
    const whole = Prisma.sql`(plainto_tsquery('english', ${last}) || plainto_tsquery('simple', ${last}))`;
    return behind(words.slice(0, -1), whole);
  }
  return last.length < MIN_PREFIX ? null : behind(words.slice(0, -1), Prisma.sql`to_tsquery('simple', ${`${last}:*`})`);
}

const behind = (words: readonly string[], end: Prisma.Sql): Prisma.Sql =>
  words.length === 0 ? end : Prisma.sql`(plainto_tsquery('english', ${words.join(' ')}) && ${end})`;
