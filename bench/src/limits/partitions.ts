import type { PostgresServer, Sql } from '@stoa/postgres';
import { cpuOfTree } from '../processes.js';
import type { OpenKeyspace } from '../sharded/cluster.js';
import { commandWithReply } from './carts.js';

// The cost of an inbox in partitions by time for a command. Each partition has a unique key of its own, so a claim must
// search the others as well: a retry on the next day has to find yesterday's row.

const COLUMNS = `bucket smallint NOT NULL, command_id uuid NOT NULL, key text NOT NULL, body_hash bytea NOT NULL,
  status text NOT NULL DEFAULT 'working', reply text, created_at timestamptz NOT NULL DEFAULT now()`;
const ROUNDS = 16;
const BATCH = 7;
const LINES = 3;

interface Layout {
  readonly table: string;
  /** Days of each partition; none: one table. */
  readonly days?: number;
}

const LAYOUTS: readonly Layout[] = [
  { table: 'inbox_whole' },
  { table: 'inbox_by_day', days: 1 },
  { table: 'inbox_by_two_days', days: 2 },
];

/** Partitions for the 48 hours that are kept, the day after them, and whatever is outside. */
function definition({ table, days }: Layout): string {
  const indexes = (name: string): string =>
    `ALTER TABLE ${name} ADD PRIMARY KEY (bucket, command_id); CREATE INDEX ON ${name} (created_at);`;
  if (days === undefined) return `CREATE TABLE ${table} (${COLUMNS}) WITH (fillfactor = 90); ${indexes(table)}`;
  const day = (offset: number): string =>
    new Date(Math.floor(Date.now() / 86_400_000 + offset) * 86_400_000).toISOString();
  const parts: string[] = [];
  for (let from = -2; from < 2; from += days) {
    const name = `${table}_${parts.length}`;
    parts.push(`CREATE TABLE ${name} PARTITION OF ${table} FOR VALUES FROM ('${day(from)}') TO ('${day(from + days)}')
      WITH (fillfactor = 90); ALTER TABLE ${name} ADD PRIMARY KEY (bucket, command_id);`);
  }
  return `CREATE TABLE ${table} (${COLUMNS}) PARTITION BY RANGE (created_at); ${parts.join('\n')}
    CREATE TABLE ${table}_default PARTITION OF ${table} DEFAULT WITH (fillfactor = 90); ${indexes(`${table}_default`)}`;
}

const claimOf = ({ table, days }: Layout): string =>
  days === undefined
    ? `INSERT INTO ${table} (bucket, command_id, key, body_hash) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`
    : `INSERT INTO ${table} (bucket, command_id, key, body_hash) SELECT $1, $2, $3, $4
       WHERE NOT EXISTS (SELECT FROM ${table} WHERE bucket = $1 AND command_id = $2) ON CONFLICT DO NOTHING`;

// The row is this transaction's own: its time leads to its partition.
const finishOf = ({ table, days }: Layout): string =>
  `UPDATE ${table} SET status = $3, reply = $4 WHERE bucket = $1 AND command_id = $2
   ${days === undefined ? '' : 'AND created_at = now()'}`;

const knownOf = ({ table }: Layout): string =>
  `SELECT r.n FROM json_to_recordset($1) AS r(n integer, bucket smallint, id uuid)
   CROSS JOIN LATERAL (SELECT FROM ${table} WHERE bucket = r.bucket AND command_id = r.id LIMIT 1) AS known`;

const recordOf = ({ table }: Layout): string =>
  `INSERT INTO ${table} (bucket, command_id, key, body_hash, status, reply)
   SELECT bucket, id, key, decode(hash, 'hex'), 'ok', reply
   FROM json_to_recordset($1) AS r(bucket smallint, id uuid, key text, hash text, reply text)`;

async function alone(tx: Sql, layout: Layout, seed: number): Promise<void> {
  const [key, { body }] = commandWithReply(seed, LINES);
  const { rowCount } = await tx.query(claimOf(layout), [key.bucket, key.commandId, key.key, key.bodyHash]);
  if (rowCount !== 1) throw new Error('a fresh command was not claimed');
  await tx.query(finishOf(layout), [key.bucket, key.commandId, 'ok', body]);
}

async function batch(tx: Sql, layout: Layout, seed: number): Promise<void> {
  const members = Array.from({ length: BATCH }, (_, n) => commandWithReply(seed + n, LINES));
  const asked = members.map(([{ bucket, commandId }], n) => ({ n, bucket, id: commandId }));
  await tx.query(knownOf(layout), [JSON.stringify(asked)]);
  const records = members.map(([{ bucket, commandId: id, key, bodyHash }, { body: reply }]) => ({
    bucket,
    id,
    key,
    hash: bodyHash.toString('hex'),
    reply,
  }));
  await tx.query(recordOf(layout), [JSON.stringify(records)]);
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** The inbox's statements on one table and on partitions, in turn: other work on the machine disturbs all alike. */
export async function measurePartitions(carts: OpenKeyspace, postgres: number, commands: number): Promise<void> {
  const [server] = carts.database.servers();
  if (!server) throw new Error('there is no shard');
  for (const layout of LAYOUTS) {
    await carts.everywhere(definition(layout));
    await carts.everywhere(`GRANT ALL ON ${layout.table} TO PUBLIC`);
  }
  console.log('\nThe inbox in partitions: CPU µs a command (this process and Postgres), times what one table costs');
  for (const [name, work, members] of [
    ['alone', alone, 1],
    ['in batches', batch, BATCH],
  ] as const) {
    const costs = LAYOUTS.map((): number[] => []);
    for (let round = -1; round < ROUNDS; round += 1) {
      for (const [n, layout] of LAYOUTS.entries()) {
        const cost = await costOf(server, postgres, commands, members, (tx, seed) => work(tx, layout, seed));
        if (round >= 0) costs[n]?.push(cost);
      }
    }
    LAYOUTS.forEach(({ table }, n) => {
      const times = median((costs[n] ?? []).map((cost, round) => cost / (costs[0]?.[round] ?? cost)));
      const cost = median(costs[n] ?? []).toFixed(0);
      console.log(`  ${name.padEnd(10)} ${table.padEnd(18)} ${cost.padStart(5)} ${times.toFixed(2)}`);
    });
  }
}

async function costOf(
  server: PostgresServer,
  postgres: number,
  commands: number,
  members: number,
  work: (tx: Sql, seed: number) => Promise<void>,
): Promise<number> {
  const [own, theirs] = [process.cpuUsage(), cpuOfTree(postgres)];
  for (let n = 0; n < commands; n += members) await server.transaction((tx) => work(tx, n));
  const { user, system } = process.cpuUsage(own);
  return ((user + system) / 1000 + cpuOfTree(postgres) - theirs) * (1000 / commands);
}
