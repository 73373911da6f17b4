import { Inject, Injectable } from '@nestjs/common';
import type { DatabaseServer, Sql, SqlDatabase } from '@stoa/postgres';
import { isOwned } from '@stoa/sharding';
import type { LoginName } from '../domain/login-name.js';
import { reserve, type Claim, type NameRow } from '../domain/reservation.js';
import { LOOKUP } from './lookup.js';

interface SqlRow {
  readonly customer_id: string;
  readonly token: string;
  readonly reservation: string;
  readonly state: NameRow['state'];
  readonly reserved_at: Date;
}

/** A reservation that waits for its command's decision. */
export interface Reservation extends LoginName, Claim {
  /** Another each time that the name is reserved. */
  readonly reservation: string;
}

/**
 * The outcome of reserving a name: it is ours since then; it is another's; or that reservation must be settled first.
 */
export type Reserved =
  | { readonly is: 'ours'; readonly reservedAt: Date }
  | { readonly is: 'taken' }
  | { readonly is: 'unsettled'; readonly by: Reservation };

const FIND = 'SELECT customer_id FROM names WHERE bucket = $1 AND kind = $2 AND name = $3';
const INSERT = `
  INSERT INTO names (bucket, kind, name, customer_id, token, reservation, state, reserved_at)
  VALUES ($1, $2, $3, $4, $5, gen_random_uuid(), 'reserved', now())
  ON CONFLICT (bucket, kind, name) DO NOTHING RETURNING reserved_at`;
const LOCK = `
  SELECT customer_id, token, reservation, state, reserved_at, now() AS now FROM names
  WHERE bucket = $1 AND kind = $2 AND name = $3 FOR UPDATE`;
const TAKE_OVER = `
  UPDATE names SET token = $4, reservation = gen_random_uuid(), state = 'reserved', reserved_at = now()
  WHERE bucket = $1 AND kind = $2 AND name = $3
  RETURNING reserved_at`;
const OF_TOKEN = `
  SELECT kind, name, customer_id, token, reservation FROM names WHERE bucket = $1 AND state = 'reserved' AND token = $2`;
const CONFIRM = `
  UPDATE names SET state = 'confirmed'
  WHERE bucket = $1 AND kind = $2 AND name = $3 AND reservation = $4 AND state = 'reserved'`;
const RELEASE = `
  DELETE FROM names
  WHERE bucket = $1 AND kind = $2 AND name = $3 AND reservation = $4 AND state = 'reserved'`;

// The rows of a moved bucket stay for a while. Reading by keyset lets rows that can't be settled not block others.
const EXPIRED = `
  SELECT n.kind, n.name, n.customer_id, n.token, n.reservation FROM names AS n
  WHERE ${isOwned('n.bucket')} AND n.state = 'reserved' AND n.reserved_at < now() - make_interval(secs => $1)
    AND (n.bucket, n.kind, n.name) > ($2::smallint, $3, $4)
  ORDER BY n.bucket, n.kind, n.name LIMIT 100`;

const reservationOf = (row: SqlRow & LoginName): Reservation => ({
  kind: row.kind,
  name: row.name,
  customerId: row.customer_id,
  token: row.token,
  reservation: row.reservation,
});

/**
 * The lookup keyspace: who signs in under which name. Each method is one short transaction in the name's bucket; trying
 * one again does no harm, because all changes compare whose reservation it is.
 */
@Injectable()
export class Names {
  constructor(@Inject(LOOKUP) private readonly lookup: SqlDatabase) {}

  bucketOf({ name }: LoginName): number {
    return this.lookup.bucketOf(name);
  }

  /** The customer who has the name or may have it: their own row says whether they do. */
  async find({ kind, name }: LoginName): Promise<string | undefined> {
    const bucket = this.lookup.bucketOf(name);
    const statement = { text: FIND, values: [bucket, kind, name] };
    const [row] = await this.lookup.read<{ customer_id: string }>(bucket, statement);
    return row?.customer_id;
  }

  reserve(name: LoginName, claim: Claim, expiryMs: number): Promise<Reserved> {
    const bucket = this.bucketOf(name);
    const key = [bucket, name.kind, name.name];
    return this.lookup.transaction(bucket, async (tx): Promise<Reserved> => {
      for (;;) {
        const [made] = (await tx.query<SqlRow>(INSERT, [...key, claim.customerId, claim.token])).rows;
        if (made) return { is: 'ours', reservedAt: made.reserved_at };
        const [row] = (await tx.query<SqlRow & { now: Date }>(LOCK, key)).rows;
        // Released in between: then it is free.
        if (row) return this.meet(tx, key, name, row, claim, expiryMs);
      }
    });
  }

  private async meet(
    tx: Sql,
    key: readonly unknown[],
    name: LoginName,
    row: SqlRow & { readonly now: Date },
    claim: Claim,
    expiryMs: number,
  ): Promise<Reserved> {
    const by = reservationOf({ ...row, ...name });
    const found = reserve({ ...by, state: row.state, reservedAt: row.reserved_at }, claim, row.now, expiryMs);
    if (found === 'taken') return { is: 'taken' };
    if (found === 'settle') return { is: 'unsettled', by };
    const { rows } = await tx.query<SqlRow>(TAKE_OVER, [...key, claim.token]);
    return { is: 'ours', reservedAt: rows[0]!.reserved_at };
  }

  /** The reservations of a command in a bucket that are not settled yet. */
  async reservedBy(token: string, bucket: number): Promise<Reservation[]> {
    const statement = { text: OF_TOKEN, values: [bucket, token] };
    return (await this.lookup.read<SqlRow & LoginName>(bucket, statement)).map(reservationOf);
  }

  shards(): readonly DatabaseServer[] {
    return this.lookup.servers();
  }

  /** Reservations on a shard that are older than that, behind `after`; a page of them, empty at the end. */
  async expired(shard: DatabaseServer, seconds: number, after: LoginName | undefined): Promise<Reservation[]> {
    const last = after ? [this.bucketOf(after), after.kind, after.name] : [-1, '', ''];
    const { rows } = await shard.transaction((tx) => tx.query<SqlRow & LoginName>(EXPIRED, [seconds, ...last]));
    return rows.map(reservationOf);
  }

  /**
   * Ends a reservation whose command is decided: the customer has the name, or it is free. Changes nothing when the
   * name has been reserved anew since.
   */
  async settle({ kind, name, reservation }: Reservation, isHeld: boolean): Promise<void> {
    const bucket = this.lookup.bucketOf(name);
    await this.lookup.transaction(bucket, (tx) =>
      tx.query(isHeld ? CONFIRM : RELEASE, [bucket, kind, name, reservation]),
    );
  }
}
