import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import type { DatabaseServer, Sql, SqlDatabase } from '@stoa/postgres';
import { isOwned } from '@stoa/sharding';
import type { Link, LinkPurpose } from '../domain/link.js';

/** A link to keep: its token's hash, and the address that it is sent to. */
export interface NewLink extends Link {
  readonly email: string;
  readonly tokenHash: string;
}

/** Where a link's row is. */
export type LinkKey = Pick<Link, 'customerId' | 'linkId'>;

/** Of a purpose, at most one in so many seconds: nobody fills another's mailbox by asking for links. */
const NOT_BEFORE_SECONDS = 60;

const INSERT = `
  INSERT INTO links (bucket, customer_id, link_id, purpose, email, hash, expires_at)
  SELECT $1::smallint, $2::uuid, $3::uuid, $4::text, $5::text, decode($6, 'base64'), $7::timestamptz
  WHERE NOT EXISTS (
    SELECT FROM links WHERE bucket = $1::smallint AND customer_id = $2::uuid AND purpose = $4::text
      AND created_at > now() - make_interval(secs => ${NOT_BEFORE_SECONDS}))
  ON CONFLICT DO NOTHING`;
const TAKE = `
  DELETE FROM links
  WHERE bucket = $1 AND customer_id = $2 AND link_id = $3 AND purpose = $4 AND hash = decode($5, 'base64')
    AND expires_at > now()
  RETURNING email`;
const DROP = 'DELETE FROM links WHERE bucket = $1 AND customer_id = $2 AND purpose = $3';
const EXPIRED = `
  SELECT customer_id AS "customerId", link_id AS "linkId" FROM links
  WHERE ${isOwned('bucket')} AND expires_at < now() ORDER BY expires_at LIMIT $1`;
const DELETE = 'DELETE FROM links WHERE bucket = $1 AND customer_id = $2 AND link_id = $3';

const standard = (base64url: string): string => Buffer.from(base64url, 'base64url').toString('base64');

/** Links that were mailed, in their customer's bucket. */
@Injectable()
export class Links {
  constructor(@Inject(DATABASE) private readonly database: SqlDatabase) {}

  shards(): readonly DatabaseServer[] {
    return this.database.servers();
  }

  /** @returns false when there was one just before, or this very one; nothing is written then. */
  async insert(tx: Sql, bucket: number, link: NewLink): Promise<boolean> {
    const { customerId, linkId, purpose, email, tokenHash, expiresAt } = link;
    const values = [bucket, customerId, linkId, purpose, email, standard(tokenHash), expiresAt];
    return (await tx.query(INSERT, values)).rowCount === 1;
  }

  /** Uses a link up. @returns the address that it was sent to; undefined: it is used, has expired, or never was. */
  async take(
    tx: Sql,
    bucket: number,
    link: Pick<NewLink, 'customerId' | 'linkId' | 'purpose' | 'tokenHash'>,
  ): Promise<string | undefined> {
    const values = [bucket, link.customerId, link.linkId, link.purpose, standard(link.tokenHash)];
    return (await tx.query<{ email: string }>(TAKE, values)).rows[0]?.email;
  }

  /** Ends all of a customer's links of a purpose. */
  async drop(tx: Sql, bucket: number, customerId: string, purpose: LinkPurpose): Promise<void> {
    await tx.query(DROP, [bucket, customerId, purpose]);
  }

  /** Links of a shard that have expired. */
  async expired(shard: DatabaseServer, most: number): Promise<LinkKey[]> {
    return (await shard.transaction((tx) => tx.query<LinkKey>(EXPIRED, [most]))).rows;
  }

  async delete({ customerId, linkId }: LinkKey): Promise<void> {
    const bucket = this.database.bucketOf(customerId);
    await this.database.transaction(bucket, (tx) => tx.query(DELETE, [bucket, customerId, linkId]));
  }
}
