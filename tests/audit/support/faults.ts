import { eventually } from '@stoa/testing';
import { outboxDatabases, sql } from '../../support/servers.js';
import { processes, setClones, stoa } from '../../support/stack.js';
import { clockJump } from './clock.js';
import { diskFull } from './disk.js';
import { freeze, isCloneOf, signal, someProcess, type Injection, type Fault } from './fault.js';
import { floods } from './floods.js';
import { networkFaults } from './network.js';
import { readOnly } from './server-states.js';

const APPS = ['gateway', 'catalog', 'cart', 'profile', 'order', 'payment', 'shards'];
const POSTGRES = ['main', 'shard1', 'shard2'].map((server) => `postgres-${server}`);

/** Goals, in milliseconds: until a clone's keys are served again, and until Kafka or a Postgres server works again. */
const CLONE_MS = 2_000;
const KAFKA_MS = 10_000;
const POSTGRES_MS = 5_000;
/** Commands have five seconds. */
const PAST_BUDGETS_MS = 9_000;

const killed = (name: string, kind: string, goalMs: number): Fault => ({
  name: `kill-${name}`,
  goalMs,
  inject: async (random) => signal(await someProcess(random, (each) => each.kind === kind), 'SIGKILL'),
});

/** Ended in order, as for a restart; the stack starts it again. */
const restarted = (name: string, kind: string, word: NodeJS.Signals, goalMs: number): Fault => ({
  name: `restart-${name}`,
  goalMs,
  inject: async (random) => signal(await someProcess(random, (each) => each.kind === kind), word),
});

/** The shard that a server's end makes unavailable; the main server's affects more. */
const shardOf = (server: string): Pick<Fault, 'shard'> =>
  server === 'postgres-main' ? {} : { shard: server.replace('postgres-', '') };

const named = (name: string, word: NodeJS.Signals): Fault['inject'] => {
  return async (random) => signal(await someProcess(random, (each) => each.name === name), word);
};

const cloneFaults: readonly Fault[] = [
  ...APPS.map((app): Fault => ({
    name: `kill-${app}`,
    goalMs: CLONE_MS,
    inject: async (random) => signal(await someProcess(random, isCloneOf(app)), 'SIGKILL'),
  })),
  ...APPS.map((app): Fault => ({
    name: `freeze-${app}`,
    inject: async (random) => freeze(await someProcess(random, isCloneOf(app))),
  })),
  // Longer than a budget: its commands are over when it thaws, and newer commands of their keys have replies.
  ...['cart', 'profile', 'order', 'payment'].map((app): Fault => ({
    name: `freeze-${app}-past-budgets`,
    holdMs: PAST_BUDGETS_MS,
    inject: async (random) => freeze(await someProcess(random, isCloneOf(app))),
  })),
  {
    name: 'kill-relay-leader',
    goalMs: CLONE_MS,
    inject: async (random) => signal(await someLeader(random), 'SIGKILL'),
  },
  { name: 'freeze-relay-leader', inject: async (random) => freeze(await someLeader(random)) },
];

const serverFaults: readonly Fault[] = [
  killed('kafka', 'kafka', KAFKA_MS),
  killed('redis', 'redis', CLONE_MS),
  killed('haproxy', 'haproxy', CLONE_MS),
  killed('payment-provider', 'payments', CLONE_MS),
  ...POSTGRES.map((name): Fault => ({
    name: `kill-${name}`,
    goalMs: POSTGRES_MS,
    inject: named(name, 'SIGKILL'),
    ...shardOf(name),
  })),
  restarted('kafka', 'kafka', 'SIGTERM', KAFKA_MS),
  restarted('redis', 'redis', 'SIGTERM', CLONE_MS),
  // A "fast" shutdown: sessions are ended.
  ...POSTGRES.map((name): Fault => ({ name: `restart-${name}`, goalMs: POSTGRES_MS, inject: named(name, 'SIGINT') })),
];

/** Routine operations, which no customer may notice. */
const changes: readonly Fault[] = [
  {
    name: 'roll-haproxy',
    isSmooth: true,
    inject: () => lasting('haproxy', async () => void (await stoa('roll', 'haproxy'))),
  },
  ...APPS.map((app): Fault => ({
    name: `roll-${app}`,
    isSmooth: true,
    inject: () => lasting(`all clones of ${app}`, async () => void (await stoa('roll', app))),
  })),
  {
    name: 'more-and-fewer-clones',
    isSmooth: true,
    inject: () =>
      lasting('one more of three, and back', async () => {
        await (
          await setClones({ gateway: 3, cart: 3, catalog: 3 })
        )();
      }),
  },
];

/** An operation counts as over from its beginning: who shops during it may notice nothing. */
async function lasting(victim: string, work: () => Promise<void>): Promise<Injection> {
  const at = performance.now();
  await work();
  return { victim, at };
}

/** All faults, in the order in which each is injected once: the same victim comes again only after a while. */
export const FAULTS: readonly Fault[] = [
  ...cloneFaults,
  ...serverFaults,
  ...networkFaults(['kafka', 'redis', ...POSTGRES]),
  diskFull,
  clockJump,
  ...['shard1', 'shard2'].map(readOnly),
  ...floods,
  ...changes,
];

const LEADERS = `SELECT DISTINCT split_part(application_name, ' ', 1) AS clone FROM pg_stat_activity
  JOIN pg_locks USING (pid) WHERE locktype = 'advisory' AND granted AND application_name LIKE '% leader'
    AND (classid::bigint << 32) | objid::bigint = hashtextextended('stoa.messaging', 0)`;

/** The clone that relays the outbox of some database. After another fault the next term may have to begin first. */
async function someLeader(random: Parameters<Fault['inject']>[0]) {
  const url = random.pick(await outboxDatabases());
  return eventually(async () => {
    const [row] = await sql<{ clone: string }>(url, LEADERS);
    const leader = (await processes()).find(({ name }) => name === row?.clone);
    if (!leader) throw new Error(`nobody leads ${new URL(url).pathname.slice(1)}`);
    return leader;
  });
}
