import { createHash } from 'node:crypto';
import { bucketOf } from '@stoa/sharding/testing';
import { inTransaction } from '@stoa/messaging/testing';
import { type Sql } from '@stoa/postgres';
import type { KeyspaceDatabase } from '@stoa/sharded-service';
import { cartStorage, profileStorage, type Carts, type Customer, type Customers } from './apps.js';
import { startCluster, type Cluster } from './cluster.js';
import { fillCarts, fillCustomers } from './fill.js';
import { printCosts, timed, type Cost } from './timed.js';

const IN_FLIGHT = 16;
const SKUS = 1_000;
/** So few that each is changed several times in a run. */
const AGAIN = 500;

/** As fill.ts makes it. */
function idOf(n: number): string {
  const hex = createHash('md5').update(`customer ${n}`).digest('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Spreads over all customers, and visits none twice in a row. */
export const someone = (n: number, customers: number): string => idOf(1 + ((n * 7_919) % customers));

/** A transaction on a bucket: through the map and the fence, or straight. */
type Transact = <T>(bucket: number, work: (tx: Sql) => Promise<T>) => Promise<T>;

export const through =
  (database: KeyspaceDatabase): Transact =>
  (bucket, work) =>
    database.transaction(bucket, work);

async function readOne(customers: Customers, id: string): Promise<void> {
  const found = await customers.read(id);
  if (found?.customerId !== id) throw new Error(`customer ${id} was not found`);
}

/** A command's work on a profile, without inbox and outbox: locks the row, writes the row. @returns its version */
export async function changeOne(customers: Customers, transact: Transact, id: string): Promise<number> {
  const bucket = bucketOf(id);
  return transact(bucket, async (tx) => {
    const customer = await customers.lock(tx, bucket, id);
    if (!customer) throw new Error(`customer ${id} was not found`);
    const version = customer.version + 1;
    await customers.save(tx, bucket, { ...customer, phone: `+41${version}`, version, updatedAt: new Date() });
    return version;
  });
}

async function registerOne(customers: Customers, transact: Transact, n: number): Promise<void> {
  const customerId = idOf(-1 - n);
  const bucket = bucketOf(customerId);
  const now = new Date();
  const customer: Customer = {
    customerId,
    role: 'customer',
    email: `new${n}@example.com`,
    displayName: `Newcomer ${n}`,
    locale: null,
    phone: null,
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
  await transact(bucket, (tx) => customers.insert(tx, bucket, customer));
}

async function changeCart(carts: Carts, transact: Transact, id: string): Promise<void> {
  const bucket = bucketOf(id);
  await transact(bucket, async (tx) => {
    const context = inTransaction(tx, bucket);
    const { cart } = await carts.lock(context, id);
    if (cart.version === 0) throw new Error(`cart ${id} was not found`);
    const lines = cart.lines.map((line) => ({ ...line, quantity: (line.quantity % 9) + 1 }));
    carts.save(context, { ...cart, version: cart.version + 1, lines, updatedAt: new Date() });
  });
}

/** The median of three runs, by CPU: other work on the machine disturbs single runs. */
async function median(cluster: Cluster, operations: number, work: (n: number) => Promise<unknown>): Promise<Cost> {
  await timed(cluster.postgres, { operations: Math.ceil(operations / 5), inFlight: IN_FLIGHT }, work);
  const runs: Cost[] = [];
  for (let run = 1; run <= 3; run += 1) {
    const offset = run * operations;
    runs.push(await timed(cluster.postgres, { operations, inFlight: IN_FLIGHT }, (n) => work(offset + n)));
  }
  const sorted = runs.toSorted((a, b) => a.service + a.postgres - (b.service + b.postgres));
  return sorted[1] ?? sorted[0] ?? { operations: 0, p50: 0, p99: 0, service: 0, postgres: 0 };
}

/** The cost of reading and changing one profile, with ever more shards (or so many) and customers. */
export async function benchShards(options: { shards: number; customers: number; requests: number }): Promise<void> {
  for (const shards of options.shards > 0 ? [options.shards] : [1, 2, 4, 8]) {
    const cluster = await startCluster(shards);
    try {
      printCosts(`${shards} shards, ${IN_FLIGHT} in flight`, await pointCosts(cluster, options));
    } finally {
      await cluster.stop();
    }
  }
}

async function pointCosts(
  cluster: Cluster,
  { customers, requests }: { customers: number; requests: number },
): Promise<Map<string, Cost>> {
  const { keyspace, Customers: Storage } = await profileStorage();
  const open = await cluster.open(keyspace);
  const storage = new Storage(open.database);
  const transact = through(open.database);
  const costs = new Map<string, Cost>();
  let filled = 0;
  for (const size of [1_000, customers]) {
    await fillCustomers(open, filled + 1, size);
    filled = size;
    const among = `${size.toLocaleString('en')} customers`;
    const read = (n: number) => readOne(storage, someone(n, size));
    const change = (n: number) => changeOne(storage, transact, someone(n, size));
    costs.set(`read a profile of ${among}`, await median(cluster, requests, read));
    costs.set(`change a profile of ${among}`, await median(cluster, requests / 2, change));
  }
  return costs;
}

const withoutFence = (name: string): string =>
  ['sharding_1_bucket', 'sharding_2_guard']
    .map((trigger) => `ALTER TABLE ${name} DISABLE TRIGGER ${trigger}`)
    .join('; ');

/** The cost of the fence and of the operators' indexes for a write, on one shard, where nothing else differs. */
export async function benchFence(options: { customers: number; requests: number }): Promise<void> {
  const { customers, requests } = options;
  const cluster = await startCluster(1);
  try {
    const [profile, cart] = [await profileStorage(), await cartStorage()];
    const profiles = await cluster.open(profile.keyspace);
    const carts = await cluster.open(cart.keyspace);
    await fillCustomers(profiles, 1, customers);
    await fillCarts(carts, customers, SKUS);
    const [people, baskets] = [new profile.Customers(profiles.database), new cart.Carts(carts.database)];
    let newcomers = 0;
    const measureAll = async (name: string, ofProfiles: Transact, ofCarts: Transact): Promise<void> => {
      const run = (work: (n: number) => Promise<unknown>) => median(cluster, requests, work);
      costs.set(`register, ${name}`, await run(() => registerOne(people, ofProfiles, newcomers++)));
      costs.set(`change a profile, ${name}`, await run((n) => changeOne(people, ofProfiles, someone(n, customers))));
      costs.set(`change a cart, ${name}`, await run((n) => changeCart(baskets, ofCarts, someone(n, customers))));
      // The first change in an hour writes to the list of abandoned carts, the others do not.
      costs.set(`change it again, ${name}`, await run((n) => changeCart(baskets, ofCarts, someone(n, AGAIN))));
    };
    const costs = new Map<string, Cost>();
    await measureAll('as it is', through(profiles.database), through(carts.database));
    await profiles.everywhere('DROP INDEX customers_created_at, customers_email, customers_name');
    await carts.everywhere('DROP INDEX carts_idle_since; ALTER TABLE carts DISABLE TRIGGER carts_idle_since');
    await measureAll('without lists', through(profiles.database), through(carts.database));
    await profiles.everywhere(withoutFence('customers'));
    await carts.everywhere(withoutFence('carts'));
    await measureAll('nor fence', straight(profiles.database), straight(carts.database));
    printCosts(`One write, ${IN_FLIGHT} in flight, ${customers.toLocaleString('en')} customers and carts`, costs);
  } finally {
    await cluster.stop();
  }
}

/** No map, and no check whether the bucket is here. */
function straight(database: KeyspaceDatabase): Transact {
  const [server] = database.servers();
  if (!server) throw new Error('there is no shard');
  return (_bucket, work) => server.transaction(work);
}
