import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { TimedWrite } from '../../support/load/findings.js';

interface Watched {
  readonly keyspace: string;
  readonly buckets: ReadonlySet<number>;
  readonly from: number;
  to: number;
  /** When writes to its buckets were refused. */
  readonly fences: { from: number; to: number }[];
  rows: number | undefined;
  copyMs: number | undefined;
  fencedMs: number | undefined;
  phase: string;
}

interface Row {
  readonly id: string;
  readonly keyspace: string;
  readonly buckets: readonly number[];
  readonly phase: string;
  readonly info: { readonly rows?: number; readonly copyMs?: number; readonly fencedMs?: number };
}

const EVERY_MS = 10;
const FENCED = new Set(['fencing', 'switched']);

/** Percentiles of milliseconds. */
export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export const spreadOf = (values: readonly number[]): Spread => {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
};

/** Watches the phases of all moves in the directory, so that it is known of each write whether it met one. */
export class MoveWatch {
  private readonly moves = new Map<string, Watched>();
  private readonly stopping = new AbortController();
  private watching: Promise<void> = Promise.resolve();

  static start(directory: string): MoveWatch {
    const watch = new MoveWatch();
    watch.watching = watch.follow(directory);
    return watch;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.watching;
  }

  /** The number of moves that ended, how long their fences were closed, and how fast they copied. */
  summary(): string {
    const done = [...this.moves.values()].filter(({ phase }) => phase === 'done');
    const fenced = spreadOf(done.flatMap(({ fencedMs }) => fencedMs ?? []));
    const timed = done.filter(({ copyMs, rows }) => copyMs !== undefined && rows !== undefined);
    const sum = (of: (move: Watched) => number): number => timed.reduce((total, move) => total + of(move), 0);
    const [rows, ms] = [sum((move) => move.rows ?? 0), sum((move) => move.copyMs ?? 0)];
    return `${done.length} moves, fenced for ${JSON.stringify(fenced)} ms; ${rows} rows copied in ${Math.round(ms)} ms`;
  }

  /** How long writes took: to buckets under a fence, to other buckets of a move under way, and to all others. */
  waits(writes: readonly TimedWrite[]): Record<'fenced' | 'moving' | 'others', Spread> {
    const kinds: Record<'fenced' | 'moving' | 'others', number[]> = { fenced: [], moving: [], others: [] };
    for (const write of writes) kinds[this.kindOf(write)].push(write.ms);
    return { fenced: spreadOf(kinds.fenced), moving: spreadOf(kinds.moving), others: spreadOf(kinds.others) };
  }

  private kindOf({ service, bucket, startedAt, ms }: TimedWrite): 'fenced' | 'moving' | 'others' {
    const meets = ({ from, to }: { from: number; to: number }): boolean => startedAt <= to && startedAt + ms >= from;
    const met = [...this.moves.values()].filter(
      (move) => move.keyspace === service && move.buckets.has(bucket) && meets(move),
    );
    if (met.some(({ fences }) => fences.some(meets))) return 'fenced';
    return met.length > 0 ? 'moving' : 'others';
  }

  private async follow(directory: string): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const client = new Client({ connectionString: directory, application_name: 'moves test' });
      client.on('error', () => undefined);
      try {
        await client.connect();
        while (!this.stopping.signal.aborted) {
          const text = `SELECT id, keyspace, buckets, phase, info FROM sharding.moves WHERE phase <> 'planned' AND changed_at > now() - interval '10 s'`;
          const { rows } = await client.query<Row>(text);
          for (const row of rows) this.see(row, performance.now());
          await delay(EVERY_MS);
        }
      } catch {
        // The directory may be down for a moment: that is what some tests are about.
        await delay(EVERY_MS * 10);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }

  private see({ id, keyspace, buckets, phase, info }: Row, now: number): void {
    const fresh = { keyspace, buckets: new Set(buckets), from: now, to: now, fences: [] };
    const move = this.moves.get(id) ?? { ...fresh, rows: undefined, copyMs: undefined, fencedMs: undefined, phase: '' };
    this.moves.set(id, move);
    const last = move.fences.at(-1);
    if (FENCED.has(phase) && FENCED.has(move.phase) && last) last.to = now;
    else if (FENCED.has(phase)) move.fences.push({ from: now, to: now });
    // It ended some time since the last look.
    else if (FENCED.has(move.phase) && last) last.to = now;
    if (!['done', 'aborted'].includes(move.phase)) move.to = now;
    Object.assign(move, { phase, rows: info.rows, copyMs: info.copyMs, fencedMs: info.fencedMs });
  }
}
