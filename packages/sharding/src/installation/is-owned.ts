/**
 * Makes an SQL condition that is true for rows whose bucket this shard owns. A statement over many buckets needs it:
 * other rows of the table (of a move, or orphans) are refused by the fence, and with them the whole statement.
 * @param column the bucket's column, as SQL.
 */
export const isOwned = (column: string): string => `${column} IN (SELECT bucket FROM sharding.owned_buckets)`;
