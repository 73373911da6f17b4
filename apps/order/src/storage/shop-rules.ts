import { Inject, Injectable } from '@nestjs/common';
import { DATABASE, type KeyState } from '@stoa/messaging';
import type { order, ShopRules as Rules } from '@stoa/order-contract';
import type { Sql, SqlDatabase } from '@stoa/postgres';
import { DEFAULT_RULES } from '../domain/rules/default-rules.js';

/** The key of the rules' bucket. */
export const RULES = 'rules';

interface Row {
  readonly version: number;
  readonly body: Rules | null;
}

const OWN = 'SELECT version, body FROM rules WHERE bucket = $1 AND id = $2';
const LOCK = `${OWN} FOR UPDATE`;
const SAVE = `
  INSERT INTO rules AS known (bucket, id, version, body) VALUES ($1, $2, $3, $4)
  ON CONFLICT (bucket, id) DO UPDATE SET version = excluded.version, body = excluded.body
  WHERE known.version = $5
  RETURNING version`;
// The body comes only where this clone has not read its version yet.
const COPY = `
  SELECT rules_version AS version, CASE WHEN rules_version <> ALL ($1::integer[]) THEN body END AS body
  FROM shop_rules WHERE id = 'rules'`;
const TAKE_OVER = `
  INSERT INTO shop_rules AS known (id, version, rules_version, body) VALUES ('rules', $1, $2, $3)
  ON CONFLICT (id) DO UPDATE
  SET version = excluded.version, rules_version = excluded.rules_version, body = excluded.body
  WHERE known.version < excluded.version`;
// Rules that may be old are better than none: only their version is forgotten, so that any that come replace them.
const FORGET = 'UPDATE shop_rules SET version = 0 WHERE version > 0';

/** The shop's rules: as operators change them, in one bucket, and the copy of them that each shard prices by. */
@Injectable()
export class ShopRules {
  /** The last ones by version: shards that follow the state at different speeds need more than one. */
  private readonly known = new Map<number, Rules>([[DEFAULT_RULES.version, DEFAULT_RULES]]);

  constructor(@Inject(DATABASE) private readonly database: SqlDatabase) {}

  /** As operators see them. */
  async read(): Promise<Rules> {
    const bucket = this.database.bucketOf(RULES);
    const [row] = await this.database.read<Row>(bucket, { text: OWN, values: [bucket, RULES] });
    return row?.body ?? DEFAULT_RULES;
  }

  /** In the bucket of the rules. */
  async lock(tx: Sql, bucket: number): Promise<Rules> {
    const { rows } = await tx.query<Row>(LOCK, [bucket, RULES]);
    return rows[0]?.body ?? DEFAULT_RULES;
  }

  /** @returns whether no other command has changed the rules since they were read */
  async save(tx: Sql, bucket: number, rules: Rules): Promise<boolean> {
    const values = [bucket, RULES, rules.version, JSON.stringify(rules), rules.version - 1];
    return (await tx.query(SAVE, values)).rowCount === 1;
  }

  /** The rules by which a transaction prices: its shard's copy, which any shard has. */
  async copyIn(tx: Sql): Promise<Rules> {
    const { rows } = await tx.query<Row>(COPY, [[...this.known.keys()]]);
    return this.rulesOf(rows[0]);
  }

  /** As `copyIn`, for queries: the copy at the shard of a bucket. */
  async copyAt(bucket: number): Promise<Rules> {
    const statement = { text: COPY, values: [[...this.known.keys()]] };
    return this.rulesOf((await this.database.read<Row>(bucket, statement))[0]);
  }

  async takeOver(tx: Sql, states: readonly KeyState<typeof order.rules>[]): Promise<void> {
    for (const { version, data } of states)
      if (data) await tx.query(TAKE_OVER, [version, data.version, JSON.stringify(data)]);
  }

  /** @returns whether there is more to forget */
  async forget(tx: Sql): Promise<boolean> {
    await tx.query(FORGET);
    return false;
  }

  private rulesOf(row: Row | undefined): Rules {
    const version = row?.version ?? DEFAULT_RULES.version;
    const rules = row?.body ?? this.known.get(version);
    if (!rules) throw new Error(`The rules of version ${version} were known a moment ago`);
    this.known.delete(version);
    this.known.set(version, rules);
    const oldest = [...this.known.keys()].find((each) => each !== DEFAULT_RULES.version);
    if (this.known.size > 4 && oldest !== undefined) this.known.delete(oldest);
    return rules;
  }
}
