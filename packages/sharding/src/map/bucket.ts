import { hash } from 'node:crypto';

/** How many buckets a keyspace has. Fixed for good: it stands in primary keys. */
export const BUCKETS = 1024;

/**
 * The bucket of a sharding key (a customer's id in lower case, a folded e-mail address): the low 10 bits of the first 16
 * of its MD5, an even spread and not a secret. The same in SQL: `stoa_bucket(key)` of BUCKET_SQL.
 */
export function bucketOf(key: string): number {
  return hash('md5', key, 'buffer').readUInt16BE(0) & (BUCKETS - 1);
}

/** Goes into the first migration of every sharded service. */
export const BUCKET_SQL = `CREATE FUNCTION stoa_bucket(key text) RETURNS smallint
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN ((get_byte(decode(md5(key), 'hex'), 0) * 256 + get_byte(decode(md5(key), 'hex'), 1)) & 1023)::smallint;`;
