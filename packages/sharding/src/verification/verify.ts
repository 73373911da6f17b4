import { withSession, type Sql } from '@stoa/postgres';
import { compareShard, disagreements } from '../incarnation/compare.js';
import { readReport } from '../incarnation/report.js';
import { loadMap } from '../map/load-map.js';
import { unplaced, type Claim, type ShardMap } from '../map/shard-map.js';
import { movedTables } from '../installation/sharded-tables.js';

/** One difference that `verify` found. */
export interface Finding {
  readonly kind:
    | 'unplaced' // no shard holds the bucket
    | 'two owners' // more than one shard serves it
    | 'no owner' // the shard of the map does not serve it
    | 'epoch' // map and owner differ in the number of its moves
    | 'history' // its server was restored, copied or took over from another, and must be reconciled
    | 'orphans' // rows of a bucket that their shard does not serve
    | 'left over' // a slot, publication, subscription, origin, marker or attempt of a move that is over
    | 'unreachable';
  readonly shard?: string;
  readonly buckets?: readonly number[];
  readonly detail: string;
}

/** The result of `verify`. */
export interface Verification {
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  /** Buckets in a move. They are left out, because a finding about them would be out of date. */
  readonly moving: readonly number[];
  /** The number of rows that each shard serves. */
  readonly rows: Readonly<Record<string, number>>;
}

/** The progress of `verify`: tables read, of how many, and their rows. */
export interface VerifyProgress {
  readonly tables: number;
  readonly ofTables: number;
  readonly rows: number;
}

class Counter {
  private progress: VerifyProgress = { tables: 0, ofTables: 0, rows: 0 };

  constructor(private readonly report: (progress: VerifyProgress) => void) {}

  expect(tables: number): void {
    this.progress = { ...this.progress, ofTables: this.progress.ofTables + tables };
  }

  read(rows: number): void {
    this.progress = { ...this.progress, tables: this.progress.tables + 1, rows: this.progress.rows + rows };
    this.report(this.progress);
  }
}

interface ShardFindings {
  readonly claims: readonly Claim[];
  readonly findings: readonly Finding[];
  readonly rows: number;
}

/** Compares the map, the shards' owner tables and the rows of a keyspace. It changes nothing and locks nothing. */
export async function verify(
  directoryUrl: string,
  keyspace: string,
  onProgress: (progress: VerifyProgress) => void = () => undefined,
): Promise<Verification> {
  const progress = new Counter(onProgress);
  const options = { url: directoryUrl, server: 'the directory', application: 'sharding-verify' };
  return withSession(options, async (directory) => {
    const map = await loadMap(directory, keyspace);
    const { rows: moving } = await directory.query<{ bucket: number; move: string }>(
      `SELECT unnest(buckets) AS bucket, replace(id::text, '-', '') AS move FROM sharding.moves
       WHERE keyspace = $1 AND phase NOT IN ('done', 'aborted')`,
      [keyspace],
    );
    const shards = await directory.query<{ shard: string; admin_url: string }>(
      'SELECT shard, admin_url FROM sharding.shards WHERE keyspace = $1 ORDER BY shard',
      [keyspace],
    );
    const busy = new Set(moving.map(({ bucket }) => bucket));
    const running = [...new Set(moving.map(({ move }) => move))];
    const reports = await Promise.all(
      shards.rows.map(({ shard, admin_url }) => inspect(map, shard, admin_url, busy, running, progress)),
    );
    const claims = reports.flatMap((report) => report.claims);
    const findings = [...compareOwners(map, claims, busy), ...reports.flatMap((report) => report.findings)];
    const rows = Object.fromEntries(shards.rows.map(({ shard }, index) => [shard, reports[index]?.rows ?? 0]));
    return { ok: findings.length === 0, findings, moving: [...busy].toSorted((a, b) => a - b), rows };
  });
}

function compareOwners(map: ShardMap, claims: readonly Claim[], busy: Set<number>): Finding[] {
  const findings: Finding[] = [];
  const none = unplaced(map);
  if (none.length > 0)
    findings.push({ kind: 'unplaced', buckets: none, detail: `${none.length} buckets have no shard` });
  map.placements.forEach((placement, bucket) => {
    if (!placement || busy.has(bucket)) return;
    const { shard, epoch } = placement;
    const serving = claims.filter((claim) => claim.bucket === bucket && ['owned', 'fenced'].includes(claim.state));
    const said = serving.map((claim) => `${claim.shard} (${claim.state}, epoch ${claim.epoch})`).join(' and ');
    const detail = `the map says ${shard}, epoch ${epoch}; it is served by ${said || 'nobody'}`;
    const owner = serving.find((claim) => claim.shard === shard);
    const about = { shard, buckets: [bucket], detail };
    if (serving.length > 1) findings.push({ kind: 'two owners', ...about });
    if (owner?.state !== 'owned') findings.push({ kind: 'no owner', ...about });
    else if (owner.epoch !== epoch) findings.push({ kind: 'epoch', ...about });
  });
  return findings;
}

async function inspect(
  map: ShardMap,
  shard: string,
  url: string,
  busy: Set<number>,
  running: readonly string[],
  progress: Counter,
): Promise<ShardFindings> {
  const options = { url, server: shard, application: 'sharding-verify' };
  try {
    return await withSession(options, (session) =>
      session.transaction(async (tx) => {
        // Owners and rows are read from one snapshot: a switch in between must not look like orphans.
        await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
        const { rows: owners } = await tx.query<{ bucket: number; state: string; epoch: string }>(
          'SELECT bucket, state, epoch FROM sharding.bucket_owner',
        );
        const claims = owners.map(({ bucket, state, epoch }) => ({ bucket, state, shard, epoch: Number(epoch) }));
        const served = new Set(
          claims.filter(({ state }) => state !== 'gone' && state !== 'ready').map((c) => c.bucket),
        );
        const { findings, rows } = await countRows(tx, shard, served, busy, progress);
        findings.push(...(await historyOf(tx, map, shard)), ...(await leftovers(tx, shard, running)));
        return { claims, findings, rows };
      }),
    );
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { claims: [], findings: [{ kind: 'unreachable', shard, detail }], rows: 0 };
  }
}

async function countRows(
  tx: Sql,
  shard: string,
  served: Set<number>,
  busy: Set<number>,
  progress: Counter,
): Promise<{ findings: Finding[]; rows: number }> {
  const findings: Finding[] = [];
  let total = 0;
  const tables = await movedTables(tx);
  progress.expect(tables.length);
  for (const table of tables) {
    const { rows } = await tx.query<{ bucket: number; count: string }>(
      `SELECT bucket, count(*) AS count FROM ${table} GROUP BY bucket ORDER BY bucket`,
    );
    progress.read(rows.reduce((sum, { count }) => sum + Number(count), 0));
    const orphans = rows.filter(({ bucket }) => !served.has(bucket) && !busy.has(bucket));
    for (const { bucket, count } of rows) if (served.has(bucket)) total += Number(count);
    if (orphans.length === 0) continue;
    const count = orphans.reduce((sum, row) => sum + Number(row.count), 0);
    const detail = `${table} holds ${count} rows of buckets that ${shard} does not serve`;
    findings.push({ kind: 'orphans', shard, buckets: orphans.map(({ bucket }) => bucket), detail });
  }
  return { findings, rows: total };
}

async function historyOf(tx: Sql, map: ShardMap, shard: string): Promise<Finding[]> {
  const { history, behind } = compareShard(map, shard, await readReport(tx, map.keyspace, shard));
  const reasons = disagreements({ history, behind, lost: [], stale: [] });
  if (reasons.length === 0) return [];
  const detail = `the server of ${shard} was restored or took over from another, and serves nothing until it is reconciled`;
  return [{ kind: 'history', shard, detail: `${detail} (${reasons.join('; ')})` }];
}

/** Finds objects that moves create and must remove. `running` are the ids of moves that are not over. */
async function leftovers(tx: Sql, shard: string, running: readonly string[]): Promise<Finding[]> {
  const { rows } = await tx.query<{ what: string }>(
    `WITH objects AS (
       SELECT 'publication' AS kind, pubname::text AS name FROM pg_publication
       UNION ALL SELECT 'subscription', subname FROM pg_subscription
         WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
       UNION ALL SELECT 'slot', slot_name FROM pg_replication_slots WHERE database = current_database()
       UNION ALL SELECT 'marker', 'stoa_move_' || replace(move_id::text, '-', '') FROM sharding.markers
       UNION ALL SELECT 'attempt', 'stoa_move_' || replace(move_id::text, '-', '') FROM sharding.attempts)
     SELECT DISTINCT concat(kind, ' ', name) AS what FROM objects
     WHERE (name LIKE 'stoa\\_move\\_%' AND NOT substr(name, 11, 32) = ANY ($1))
        OR (kind = 'slot' AND name ~ '^pg_[0-9]+_sync_' AND cardinality($1::text[]) = 0)
     ORDER BY 1`,
    [running],
  );
  return rows.map(({ what }) => ({ kind: 'left over', shard, detail: `${what} is left over on ${shard}` }));
}
