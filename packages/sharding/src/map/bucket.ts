import { hash } from 'node:crypto';

/** The number of buckets of a keyspace. It never changes: bucket numbers are in primary keys. A power of two. */
export const BUCKETS = 1024;

/**
 * Computes the bucket of a sharding key (a customer's id in lower case, a folded e-mail address): the low 10 bits of
 * the first 16 of its MD5, which spreads evenly and is no secret. `stoa_bucket(key)` of BUCKET_SQL computes the same in
 * SQL.
 */
export function bucketOf(key: string): number {
  return hash('md5', key, 'buffer').readUInt16BE(0) & (BUCKETS - 1);
}

/** The SQL function `stoa_bucket`, for the first migration of every sharded service. */
export const BUCKET_SQL = `CREATE FUNCTION stoa_bucket(key text) RETURNS smallint
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN ((get_byte(decode(md5(key), 'hex'), 0) * 256 + get_byte(decode(md5(key), 'hex'), 1)) & ${BUCKETS - 1})::smallint;`;
