import type { Database, Sql } from '@stoa/postgres';
import { BrokerClock } from './broker-clock.js';
import type { CommandRequest } from '../api/command-execution.js';

/** A moment of a server's clock as Postgres reads it: ISO 8601 in UTC, or `infinity`. */
export type Deadline = string;

const SYNC_EVERY_MS = 10_000;
/** The range of JavaScript's dates. */
const LATEST_MS = 8.64e15;

const ASK = 'SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms';

/** A server's clock, and when it was last asked (performance.now). */
interface Known {
  readonly clock: BrokerClock;
  askedAt: number;
}

/**
 * The clocks of a service's databases. They exist so that a command's deadline can be checked by the server that
 * commits it: a process that freezes may wake up behind any check of its own. A server is asked for its time when it is
 * first needed, and every ten seconds from then on; deadlines err to the past, by a round trip at most.
 */
export class ServerClocks {
  private readonly known = new Map<string, Known>();
  private readonly asking = new Map<string, Promise<Known>>();

  constructor(private readonly database: Pick<Database, 'transaction' | 'serverNameOf'>) {}

  /**
   * When the request's budget ends by the clock of the server that holds the bucket, or its own `until` if that is
   * earlier.
   * @throws what a transaction throws, when the server was never asked
   */
  deadlineOf(bucket: number, request: CommandRequest): Deadline | Promise<Deadline> {
    const now = performance.now();
    // In this order: a freeze between the two makes the deadline too early, never too late. Some callers have no
    // budget.
    const endsAt = now + (request.budgetLeft?.() ?? Number.POSITIVE_INFINITY);
    const name = this.database.serverNameOf?.(bucket) ?? '';
    const known = this.known.get(name);
    if (!known) return this.first(bucket, name).then(({ clock }) => earliest(clock.at(endsAt), request.until));
    if (now - known.askedAt > SYNC_EVERY_MS) {
      known.askedAt = now;
      // An unavailable server is asked again later: until then its clock goes on by this process's.
      void this.sync(known.clock, bucket).catch(() => undefined);
    }
    return earliest(known.clock.at(endsAt), request.until);
  }

  /** Asks a server for the first time: once for all that come meanwhile. */
  private first(bucket: number, name: string): Promise<Known> {
    const asking = this.asking.get(name) ?? this.ask(bucket, name).finally(() => this.asking.delete(name));
    this.asking.set(name, asking);
    return asking;
  }

  private async ask(bucket: number, name: string): Promise<Known> {
    const clock = new BrokerClock();
    await this.sync(clock, bucket);
    const known = { clock, askedAt: performance.now() };
    this.known.set(name, known);
    return known;
  }

  private sync(clock: BrokerClock, bucket: number): Promise<void> {
    return this.database.transaction(bucket, (tx) => clock.sync(() => timeOf(tx)));
  }
}

async function timeOf(tx: Sql): Promise<number> {
  const { rows } = await tx.query<{ ms: string | number }>(ASK, []);
  return Math.floor(Number(rows[0]!.ms));
}

function earliest(ms: number, until: Date | undefined): Deadline {
  const soonest = Math.min(ms, until?.getTime() ?? Number.POSITIVE_INFINITY);
  return soonest < LATEST_MS ? new Date(soonest).toISOString() : 'infinity';
}
