import { Inject, Injectable } from '@nestjs/common';
import { DATABASE } from '@stoa/messaging';
import type { SqlDatabase } from '@stoa/service';

const FIND = 'SELECT customer_id FROM login_names WHERE bucket = $1 AND kind = $2 AND name = $3';
const TAKE = `
  INSERT INTO login_names (bucket, kind, name, customer_id, created_at) VALUES ($1, $2, $3, $4, now())
  ON CONFLICT (bucket, kind, name) DO NOTHING`;
const FREE = 'DELETE FROM login_names WHERE bucket = $1 AND kind = $2 AND name = $3 AND customer_id = $4';

/**
 * Who signs in under which e-mail address. Addresses are folded by the caller. A name's bucket, and so its shard, is
 * another than its customer's: each method is a transaction of its own.
 */
@Injectable()
export class LoginNames {
  constructor(@Inject(DATABASE) private readonly database: SqlDatabase) {}

  async find(email: string): Promise<string | undefined> {
    const bucket = this.database.bucketOf(email);
    const statement = { text: FIND, values: [bucket, 'email', email] };
    const [row] = await this.database.read<{ customer_id: string }>(bucket, statement);
    return row?.customer_id;
  }

  /**
   * Takes a name for a customer who is about to be made; waits for whoever is just taking it.
   * @returns whether the name is this customer's now, or was before.
   */
  take(email: string, customerId: string): Promise<boolean> {
    const bucket = this.database.bucketOf(email);
    return this.database.transaction(bucket, async (tx) => {
      const { rowCount } = await tx.query(TAKE, [bucket, 'email', email, customerId]);
      if (rowCount === 1) return true;
      const { rows } = await tx.query<{ customer_id: string }>(FIND, [bucket, 'email', email]);
      return rows[0]?.customer_id === customerId;
    });
  }

  /** Gives a name back that no account of this customer's uses. */
  async free(email: string, customerId: string): Promise<void> {
    const bucket = this.database.bucketOf(email);
    await this.database.transaction(bucket, (tx) => tx.query(FREE, [bucket, 'email', email, customerId]));
  }
}
