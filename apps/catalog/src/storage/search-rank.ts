import { Prisma } from './prisma.js';

/** Where a product has a word, as the letters that Postgres gives the words of a tsvector. */
export const LETTERS = { title: 'A', names: 'B', description: 'D' } as const;

/** How much a word counts by its letter: those of D, C, B and A, as ts_rank takes them. */
const WEIGHTS = [0.1, 0.2, 0.4, 1];

/** How well a product fits a search: more words, and words in the title, count more; a long text counts less. */
export const rankBy = (search: Prisma.Sql): Prisma.Sql => Prisma.sql`ts_rank(${WEIGHTS}::real[], search, ${search}, 1)`;
