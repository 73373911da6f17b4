import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import type { DatabaseServer, Sql, SqlDatabase } from '@stoa/postgres';
import { isOwned } from '@stoa/sharding';
import type { ResetMail } from '../domain/mail-text.js';

/** A request to reset the password of whoever has the address. */
export interface ResetRequest {
  readonly requestId: string;
  /** Folded. */
  readonly email: string;
  /** The mail that answers it: somebody asked for it, or registered with the address. */
  readonly kind: ResetMail;
  readonly requestedAt: Date;
}

const INSERT = 'INSERT INTO reset_requests (bucket, request_id, email, kind) VALUES ($1, $2, $3, $4)';
const OPEN = `
  SELECT request_id AS "requestId", email, kind, requested_at AS "requestedAt" FROM reset_requests
  WHERE ${isOwned('bucket')} ORDER BY requested_at LIMIT $1`;
const DELETE = 'DELETE FROM reset_requests WHERE bucket = $1 AND request_id = $2';

/** Requests to reset passwords that nobody has answered yet; each in a bucket of its own id. */
@Injectable()
export class ResetRequests {
  constructor(@Inject(DATABASE) private readonly database: SqlDatabase) {}

  async insert(tx: Sql, bucket: number, { requestId, email, kind }: Omit<ResetRequest, 'requestedAt'>): Promise<void> {
    await tx.query(INSERT, [bucket, requestId, email, kind]);
  }

  shards(): readonly DatabaseServer[] {
    return this.database.servers();
  }

  /** Those of a shard, the oldest first. */
  async open(shard: DatabaseServer, most: number): Promise<ResetRequest[]> {
    return (await shard.transaction((tx) => tx.query<ResetRequest>(OPEN, [most]))).rows;
  }

  async delete(requestId: string): Promise<void> {
    const bucket = this.database.bucketOf(requestId);
    await this.database.transaction(bucket, (tx) => tx.query(DELETE, [bucket, requestId]));
  }
}
