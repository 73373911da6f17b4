import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from '../../support/stack.js';
import { adminUrls } from './shards.js';
import { directoryUrl, sql } from '../../support/servers.js';

const OPEN = `CREATE OR REPLACE FUNCTION sharding.hold(wanted smallint) RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$`;

/** Lets every write to carts through, wherever the bucket is. Only the control does that. */
export async function openFence(): Promise<void> {
  for (const url of (await adminUrls('cart')).values()) await sql(url, OPEN);
}

/** As it was, and without the rows that got to where they don't belong. */
export async function closeFence(buckets: readonly number[]): Promise<void> {
  const objects = await readFile(path.join(root, 'packages/sharding/sql/shard.sql'), 'utf8');
  for (const url of (await adminUrls('cart')).values()) {
    await sql(url, objects);
    const tables = await sql<{ name: string }>(
      url,
      `SELECT name::text AS name FROM sharding.tables WHERE kind = 'moved'`,
    );
    const orphans = `bucket = ANY ('{${buckets.join()}}') AND NOT EXISTS (SELECT FROM sharding.bucket_owner AS o
      WHERE o.bucket = t.bucket AND o.state = 'owned')`;
    const deletes = tables.map(({ name }) => `DELETE FROM ${name} AS t WHERE ${orphans};`);
    await sql(url, `SET session_replication_role = replica; ${deletes.join(' ')}`);
  }
}

/** The cart's clones get no notice of moves any more: they keep the map that they have until a shard refuses them. */
export async function deafen(): Promise<void> {
  await sql(await directoryUrl(), 'REVOKE SELECT ON sharding.bucket_map FROM cart');
}

export async function undeafen(): Promise<void> {
  await sql(await directoryUrl(), 'GRANT SELECT ON sharding.bucket_map TO cart');
}
