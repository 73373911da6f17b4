import { NOT_HERE } from '../error-codes.js';

/** What one shard said instead of an answer. */
export interface ShardFailure {
  /** Undefined: no shard holds some buckets. */
  readonly shard: string | undefined;
  readonly reason: unknown;
}

const sentenceOf = ({ shard, reason }: ShardFailure): string => {
  const why = reason instanceof Error ? reason.message : String(reason);
  return shard === undefined ? why : `${shard} could not answer: ${why}`;
};

/** One attempt at a query failed. Seen within this folder only. */
export class ShardsFailed extends Error {
  override readonly name = 'ShardsFailed';
  constructor(readonly failures: readonly ShardFailure[]) {
    super(failures.map(sentenceOf).join('; '));
  }
}

/** Not every shard could prove in time that it serves its buckets, or answer at all. No part of an answer is given. */
export class AcrossUnavailable extends Error {
  override readonly name = 'AcrossUnavailable';
  /** The shards that did not answer. */
  readonly shards: readonly string[];
  constructor(failed: ShardsFailed) {
    super(failed.message, { cause: failed.failures[0]?.reason });
    this.shards = failed.failures.flatMap(({ shard }) => (shard === undefined ? [] : [shard]));
  }
}

/** The map is not what the shards say: it is to be read again. */
export const stale = (reason: string): Error => Object.assign(new Error(reason), { code: NOT_HERE });

export class BadCursor extends Error {
  override readonly name = 'BadCursor';
  constructor() {
    super('This is no cursor of this list');
  }
}
