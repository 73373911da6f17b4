import path from 'node:path';
import { Random } from '../../support/load/random.js';
import { root } from '../../support/stack.js';

/** Of this run; printed at its beginning. The order of faults, the victims and the load follow from it. */
export const SEED = Number(process.env.STOA_AUDIT_SEED ?? process.env.STOA_MOVES_SEED ?? 1);

/** So long faults go on, each once first and then at random. */
export const MINUTES = Number(process.env.STOA_AUDIT_MINUTES ?? 10);

/** How often each comes first, one after the other. */
export const REPEAT = Number(process.env.STOA_AUDIT_REPEAT ?? 1);

/** Names of faults to try, and no others; empty: all. */
export const ONLY = (process.env.STOA_AUDIT_ONLY ?? '').split(',').filter((name) => name !== '');

/** Brokers of the stack that is audited. */
export const BROKERS = Number(process.env.STOA_AUDIT_BROKERS ?? 1);

/** Where the report goes; undefined: nowhere. */
export const OUT = process.env.STOA_AUDIT_OUT ? path.resolve(root, process.env.STOA_AUDIT_OUT) : undefined;

/** Choices of one part of the run: the same for the same seed, whatever other parts choose. */
export const choices = (salt: number): Random => new Random(SEED * 37 + salt);

/** A machine that others use too may be slow, and what is only slow is no failure. */
export const SLOW_MS = 300_000;

/** Says something to whoever watches the run. */
export const say = (line: string): void => void process.stdout.write(`  audit: ${line}\n`);
