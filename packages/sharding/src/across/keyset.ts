/** The type of a sort column. It decides how values are compared, so that servers and this process agree exactly. */
export type KeyType = 'timestamptz' | 'uuid' | 'text' | 'bigint';

/**
 * A column that the query selects. Together the columns must be unique, and an index should have them in this order.
 */
export interface KeyColumn {
  readonly column: string;
  readonly type: KeyType;
}

/** One direction for all columns: an index can be read from either end, but not in two directions at once. */
export type Direction = 'asc' | 'desc';

/** The key of one row, each value as text. */
export type Key = readonly string[];

const quoted = (column: string): string => `"${column.replaceAll('"', '""')}"`;

/** SQL for a text that sorts as the value does (bigint is compared as a number) and casts back to the same value. */
const asText = ({ column, type }: KeyColumn): string =>
  type === 'timestamptz'
    ? `to_char(q.${quoted(column)} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
    : `q.${quoted(column)}::text`;

// Text is sorted by bytes: collations differ between servers, and this process knows none of them.
const sortable = ({ column, type }: KeyColumn): string => `q.${quoted(column)}${type === 'text' ? ' COLLATE "C"' : ''}`;

const compareText = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

const compareNumbers = (a: string, b: string): number => {
  const [x, y] = [BigInt(a), BigInt(b)];
  return x < y ? -1 : x > y ? 1 : 0;
};

/** Makes a comparison of keys that orders them as the servers do. */
export function compareKeys(columns: readonly KeyColumn[], direction: Direction): (a: Key, b: Key) => number {
  const sign = direction === 'asc' ? 1 : -1;
  return (a, b) => {
    for (const [index, { type }] of columns.entries()) {
      const compare = type === 'bigint' ? compareNumbers : compareText;
      const order = compare(a[index] ?? '', b[index] ?? '');
      if (order !== 0) return sign * order;
    }
    return 0;
  };
}

/** The column that holds a row's key. */
export const KEY = '~key';

/**
 * Builds the statement that reads one shard's rows of a page: those after the key `after`, in order.
 * @param parameters how many the query has itself; the key's values follow them, then the limit.
 */
export function pageStatement(
  text: string,
  parameters: number,
  columns: readonly KeyColumn[],
  direction: Direction,
  after: Key | undefined,
): string {
  const keys = columns.map(asText).join(', ');
  const sort = columns.map((column) => `${sortable(column)} ${direction}`).join(', ');
  const start = columns.map(({ type }, index) => `$${parameters + 1 + index}::${type}`).join(', ');
  const left = columns.map(sortable).join(', ');
  const behind = after ? `WHERE ROW(${left}) ${direction === 'asc' ? '>' : '<'} ROW(${start})` : '';
  const limit = `$${parameters + 1 + (after?.length ?? 0)}`;
  const statement = text.trim().replace(/;$/, '');
  return `SELECT q.*, ARRAY[${keys}] AS "${KEY}" FROM (${statement}) AS q ${behind} ORDER BY ${sort} LIMIT ${limit}`;
}
