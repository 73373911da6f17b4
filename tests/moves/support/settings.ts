import { Random } from '../../support/load/random.js';
import { COMMAND_KEYSPACES, KEYSPACES, type Keyspace } from '../../support/servers.js';

/** Of this run; printed at its beginning, and again with what it found. */
export const SEED = Number(process.env.STOA_MOVES_SEED ?? 1);

/** Minutes for the long form of the tests; 0: the short one, which runs with all other tests. */
export const MINUTES = Number(process.env.STOA_MOVES_MINUTES ?? 0);

export const isLong = MINUTES > 0;

/** The keyspaces whose buckets move: names too in the long form. */
export const MOVED: readonly Keyspace[] = isLong ? KEYSPACES : COMMAND_KEYSPACES;

/** Choices of one test: the same for the same seed, whatever other tests choose. */
export const choices = (salt: number): Random => new Random(SEED * 31 + salt);

/** All of them in the long form, some by chance in the short one. */
export const some = <T>(all: readonly T[], count: number, random: Random): readonly T[] =>
  isLong ? all : random.shuffled(all).slice(0, count);

/** A machine that others use too may be slow, and what is only slow is no failure. */
export const SLOW_MS = 400_000;

/** Says something to whoever watches the run. */
export const say = (line: string): void => void process.stdout.write(`  moves: ${line}\n`);
