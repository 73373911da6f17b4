import { declarationsOf, type Command, type ServiceContract } from '@stoa/contract-kit';
import type { Database, DatabaseServer, Sql } from '@stoa/postgres';
import { pause } from '@stoa/timing';
import type { MessagingOptions } from '../api/options.js';
import { EachServer, type WorkOfServer } from '../background/each-server.js';
import { Signal } from '../outbox/signal.js';
import { takeFlows, type TakenFlow, type Takeable } from './flow-rows.js';
import { leaseSeconds } from './flow-store.js';

export interface FlowRoundsOptions {
  readonly database: Database;
  readonly messaging: Pick<MessagingOptions, 'logger'>;
  readonly contract: ServiceContract;
  /** Runs a flow that was taken up, whatever becomes of it. Never rejects. */
  readonly run: (flow: TakenFlow) => Promise<void>;
}

const POLL_MS = 1_000;
/** Flows that this clone took up of one database, and that are in work. */
const MOST_RUNNING = 32;
const STOP_WITHIN_MS = 2_000;

/** The durable flows of a contract. */
export const durableOf = (contract: ServiceContract): Command[] =>
  declarationsOf(contract).filter((each): each is Command => each.kind === 'command' && each.durable === true);

/**
 * FlowRounds exists to carry out flows that nobody runs: those that a transaction started, and those whose clone died,
 * froze or gave up for now. Each clone asks each database once a second, and at once when it started one itself, for
 * flows that it knows: a clone of an older version leaves the others to those that know them.
 */
export class FlowRounds {
  private readonly rounds: EachServer<Round>;

  constructor(options: FlowRoundsOptions) {
    const { contract, database } = options;
    const leases = durableOf(contract).map((operation): [string, number] => [operation.name, leaseSeconds(operation)]);
    const takeable: Takeable = { leases: Object.fromEntries(leases), contractVersion: contract.$about.version };
    this.rounds = new EachServer(database, (server) => new Round(server, takeable, options));
  }

  start(): void {
    this.rounds.start();
  }

  /** A transaction started a flow. */
  notify(server: string | undefined): void {
    this.rounds.notify(server);
  }

  /** Takes up no more, and lets those in work end; what does not is another clone's, when its time is over. */
  stop(): Promise<void> {
    return this.rounds.stop();
  }
}

/** The rounds of one database. */
class Round implements WorkOfServer {
  private readonly stopping = new AbortController();
  private readonly running = new Set<Promise<void>>();
  private readonly started = new Signal();
  private isSharded: boolean | undefined;

  constructor(
    readonly server: DatabaseServer,
    private readonly takeable: Takeable,
    private readonly options: FlowRoundsOptions,
  ) {}

  start(): void {
    void this.follow(this.stopping.signal);
  }

  notify(): void {
    this.started.notify();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.race([Promise.all(this.running), pause(STOP_WITHIN_MS)]);
  }

  private async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const room = MOST_RUNNING - this.running.size;
      const taken = room > 0 ? await this.take(room) : 0;
      // There may be more of them.
      if (taken < room || room === 0) await this.started.wait(POLL_MS * (0.5 + Math.random()), signal);
    }
  }

  private async take(most: number): Promise<number> {
    try {
      const flows = await this.server.transaction(async (tx) => {
        this.isSharded ??= await isSharded(tx);
        return takeFlows(tx, this.takeable, most, this.isSharded);
      });
      for (const flow of flows) this.run(flow);
      return flows.length;
    } catch (err) {
      // A bucket that is fenced in this moment refuses them all; a server may be unavailable.
      this.options.messaging.logger.debug({ err, server: this.server.name }, 'flows that are due are taken up later');
      return 0;
    }
  }

  private run(flow: TakenFlow): void {
    const run = this.options.run(flow).finally(() => {
      this.running.delete(run);
      if (this.running.size === MOST_RUNNING - 1) this.notify();
    });
    this.running.add(run);
  }
}

async function isSharded(tx: Sql): Promise<boolean> {
  const text = `SELECT to_regclass('sharding.owned_buckets') IS NOT NULL AS sharded`;
  return (await tx.query<{ sharded: boolean }>(text)).rows[0]?.sharded === true;
}
