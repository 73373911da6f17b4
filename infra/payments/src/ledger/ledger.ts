import { randomBytes } from 'node:crypto';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { Internal, Stored } from './objects.js';

interface Row {
  readonly body: string;
  readonly internal: string;
}

/** Which objects a list holds, the newest first. */
export interface ListRules {
  readonly kind: string;
  readonly parent?: string | undefined;
  readonly after?: string | undefined;
  readonly before?: string | undefined;
  readonly from?: number | undefined;
  readonly until?: number | undefined;
  readonly types?: readonly string[] | undefined;
  readonly limit: number;
}

/** A movement of money: what the provider's own books hold. */
export type MovementKind = 'authorise' | 'release' | 'capture' | 'refund';

/** Seconds, as the provider's objects have them. */
export const nowInSeconds = (): number => Math.floor(Date.now() / 1000);

const parsed = <T>(row: Row | undefined): T | undefined => (row ? (JSON.parse(row.body) as T) : undefined);

/** The provider's books, in one file. Each request is one transaction: it is done wholly or not at all. */
export class Ledger {
  constructor(private readonly database: DatabaseSync) {}

  static newId(prefix: string): string {
    return `${prefix}_${randomBytes(12).toString('hex')}`;
  }

  transaction<T>(work: () => T): T {
    this.database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.database.exec('COMMIT');
      return result;
    } catch (error) {
      this.database.exec('ROLLBACK');
      throw error;
    }
  }

  find<T extends Stored>(kind: T['object'], id: string): T | undefined {
    return parsed<T>(this.one<Row>('SELECT body, internal FROM objects WHERE id = ? AND kind = ?', id, kind));
  }

  internal(id: string): Internal {
    const row = this.one<Row>('SELECT body, internal FROM objects WHERE id = ?', id);
    return JSON.parse(row?.internal ?? '{}') as Internal;
  }

  insert(object: Stored, internal: Internal = {}, parent?: string): void {
    const text = 'INSERT INTO objects (id, kind, created, parent, body, internal) VALUES (?, ?, ?, ?, ?, ?)';
    const { id, object: kind, created } = object;
    this.run(text, id, kind, created, parent ?? null, JSON.stringify(object), JSON.stringify(internal));
    const metadata = 'metadata' in object ? Object.entries(object.metadata) : [];
    for (const [key, value] of metadata) {
      this.run('INSERT INTO metadata (object, key, value) VALUES (?, ?, ?)', id, key, value);
    }
  }

  update(object: Stored): void {
    this.run('UPDATE objects SET body = ? WHERE id = ?', JSON.stringify(object), object.id);
  }

  updateInternal(id: string, internal: Internal): void {
    this.run('UPDATE objects SET internal = ? WHERE id = ?', JSON.stringify(internal), id);
  }

  /** One more than `limit`, to see whether there are more. */
  list<T extends Stored>({ kind, parent, after, before, from, until, types, limit }: ListRules): T[] {
    const conditions = ['kind = ?'];
    const values: SQLInputValue[] = [kind];
    const add = (condition: string, value: SQLInputValue | undefined): void => {
      if (value === undefined) return;
      conditions.push(condition);
      values.push(value);
    };
    add('parent = ?', parent);
    add('seq < (SELECT seq FROM objects WHERE id = ?)', after);
    add('seq > (SELECT seq FROM objects WHERE id = ?)', before);
    add('created >= ?', from);
    add('created <= ?', until);
    if (types) {
      add(`json_extract(body, '$.type') IN (SELECT value FROM json_each(?))`, JSON.stringify(types));
    }
    const order = before === undefined ? 'DESC' : 'ASC';
    const text = `SELECT body, internal FROM objects WHERE ${conditions.join(' AND ')} ORDER BY seq ${order} LIMIT ?`;
    const rows = this.all<Row>(text, ...values, limit + 1).map((row) => JSON.parse(row.body) as T);
    return before === undefined ? rows : rows.toReversed();
  }

  /** All objects with these metadata, the newest first. */
  search<T extends Stored>(kind: string, metadata: Readonly<Record<string, string>>, limit: number): T[] {
    const entries = Object.entries(metadata);
    const joins = entries.map(() => 'id IN (SELECT object FROM metadata WHERE key = ? AND value = ?)').join(' AND ');
    const text = `SELECT body, internal FROM objects WHERE kind = ? AND ${joins} ORDER BY seq DESC LIMIT ?`;
    return this.all<Row>(text, kind, ...entries.flat(), limit).map((row) => JSON.parse(row.body) as T);
  }

  move(intent: string, kind: MovementKind, amount: number, currency: string): void {
    const text = 'INSERT INTO movements (intent, kind, amount, currency, at) VALUES (?, ?, ?, ?, ?)';
    this.run(text, intent, kind, amount, currency, Date.now());
  }

  /** The sums of all movements by currency. */
  totals(): object[] {
    return this.all<object>('SELECT currency, kind, count(*) AS n, sum(amount) AS amount FROM movements GROUP BY 1, 2');
  }

  expireAt(id: string, at: number): void {
    this.run('INSERT OR REPLACE INTO expiries (id, at) VALUES (?, ?)', id, at);
  }

  /** Takes what has expired by now. */
  takeExpired(now: number): string[] {
    const due = this.all<{ id: string }>('SELECT id FROM expiries WHERE at <= ? LIMIT 100', now).map(({ id }) => id);
    for (const id of due) this.run('DELETE FROM expiries WHERE id = ?', id);
    return due;
  }

  all<T>(text: string, ...values: SQLInputValue[]): T[] {
    return this.database.prepare(text).all(...values) as T[];
  }

  one<T>(text: string, ...values: SQLInputValue[]): T | undefined {
    return this.database.prepare(text).get(...values) as T | undefined;
  }

  run(text: string, ...values: SQLInputValue[]): void {
    this.database.prepare(text).run(...values);
  }

  close(): void {
    this.database.close();
  }
}
