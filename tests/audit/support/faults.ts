import { outboxDatabases, sql } from '../../support/servers.js';
import { processes } from '../../support/stack.js';
import { clockJump } from './clock.js';
import { diskFull } from './disk.js';
import { freeze, isCloneOf, signal, someProcess, type Fault } from './fault.js';
import { networkFaults } from './network.js';

const APPS = ['gateway', 'catalog', 'cart', 'profile', 'shards'];
const POSTGRES = ['main', 'shard1', 'shard2'].map((server) => `postgres-${server}`);

const killed = (name: string, kind: string): Fault => ({
  name: `kill-${name}`,
  strike: async (random) => signal(await someProcess(random, (each) => each.kind === kind), 'SIGKILL'),
});

/** Ended in order, as for a restart; the stack starts it again. */
const restarted = (name: string, kind: string, word: NodeJS.Signals): Fault => ({
  name: `restart-${name}`,
  strike: async (random) => signal(await someProcess(random, (each) => each.kind === kind), word),
});

const named = (name: string, word: NodeJS.Signals): Fault['strike'] => {
  return async (random) => signal(await someProcess(random, (each) => each.name === name), word);
};

const cloneFaults: readonly Fault[] = [
  ...APPS.map((app): Fault => ({
    name: `kill-${app}`,
    strike: async (random) => signal(await someProcess(random, isCloneOf(app)), 'SIGKILL'),
  })),
  ...APPS.map((app): Fault => ({
    name: `freeze-${app}`,
    strike: async (random) => freeze(await someProcess(random, isCloneOf(app))),
  })),
  { name: 'kill-relay-leader', strike: async (random) => signal(await someLeader(random), 'SIGKILL') },
  { name: 'freeze-relay-leader', strike: async (random) => freeze(await someLeader(random)) },
];

const serverFaults: readonly Fault[] = [
  killed('kafka', 'kafka'),
  killed('redis', 'redis'),
  killed('haproxy', 'haproxy'),
  ...POSTGRES.map((name): Fault => ({ name: `kill-${name}`, strike: named(name, 'SIGKILL') })),
  restarted('kafka', 'kafka', 'SIGTERM'),
  restarted('redis', 'redis', 'SIGTERM'),
  // It finishes what it has and ends; the next one takes new connections.
  restarted('haproxy', 'haproxy', 'SIGUSR1'),
  // A "fast" shutdown: sessions are ended.
  ...POSTGRES.map((name): Fault => ({ name: `restart-${name}`, strike: named(name, 'SIGINT') })),
];

/** All that can happen, in the order in which each happens once: the same victim comes again only after a while. */
export const FAULTS: readonly Fault[] = [
  ...cloneFaults,
  ...serverFaults,
  ...networkFaults(['kafka', 'redis', ...POSTGRES]),
  diskFull,
  clockJump,
];

const LEADERS = `SELECT DISTINCT split_part(application_name, ' ', 1) AS clone FROM pg_stat_activity
  JOIN pg_locks USING (pid) WHERE locktype = 'advisory' AND granted AND application_name LIKE '% leader'`;

/** The clone that relays the outbox of some database. */
async function someLeader(random: Parameters<Fault['strike']>[0]) {
  const url = random.pick(await outboxDatabases());
  const [row] = await sql<{ clone: string }>(url, LEADERS);
  const leader = (await processes()).find(({ name }) => name === row?.clone);
  if (!leader) throw new Error(`nobody leads ${new URL(url).pathname.slice(1)}`);
  return leader;
}
