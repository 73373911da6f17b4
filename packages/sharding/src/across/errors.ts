import { NOT_HERE } from '../error-codes.js';

/** The failure of one shard. */
export interface ShardFailure {
  /** Undefined where some buckets have no shard. */
  readonly shard: string | undefined;
  readonly reason: unknown;
}

const sentenceOf = ({ shard, reason }: ShardFailure): string => {
  const why = reason instanceof Error ? reason.message : String(reason);
  return shard === undefined ? why : `${shard} could not reply: ${why}`;
};

/** One attempt at a query failed. It never leaves this folder. */
export class ShardsFailed extends Error {
  override readonly name = 'ShardsFailed';
  constructor(readonly failures: readonly ShardFailure[]) {
    super(failures.map(sentenceOf).join('; '));
  }
}

/**
 * Some shards did not respond in time, or could not prove that they serve their buckets. No partial result is given.
 */
export class AcrossUnavailable extends Error {
  override readonly name = 'AcrossUnavailable';
  /** The shards that did not respond. */
  readonly shards: readonly string[];
  constructor(failed: ShardsFailed) {
    super(failed.message, { cause: failed.failures[0]?.reason });
    this.shards = failed.failures.flatMap(({ shard }) => (shard === undefined ? [] : [shard]));
  }
}

/** The map disagrees with the shards and must be read again. */
export const stale = (reason: string): Error => Object.assign(new Error(reason), { code: NOT_HERE });

/** The text is no cursor of this list. */
export class BadCursor extends Error {
  override readonly name = 'BadCursor';
  constructor() {
    super('This is no cursor of this list');
  }
}
