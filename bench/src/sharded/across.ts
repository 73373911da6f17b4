import type { Role } from '../processes.js';
import { cartStorage, profileStorage, type CartReports, type CustomerList, type CustomerLists } from './apps.js';
import { startCluster } from './cluster.js';
import { fillCarts, fillCustomers } from './fill.js';
import { printCosts, timed, type Cost } from './timed.js';

const PAGE = 50;
const BUDGET_MS = 30_000;
const SKUS = 10_000;
const CART_SHARE = 5;

interface Listed {
  readonly rows: number;
  readonly next: string | undefined;
}

/** Reads page after page, and begins anew at the end. Each page must be full, and none the same as the one before. */
function pager(read: (cursor: string | undefined) => Promise<Listed>): () => Promise<void> {
  let cursor: string | undefined;
  return async () => {
    const { rows, next } = await read(cursor);
    if (rows !== PAGE && next !== undefined) throw new Error(`a page of ${rows} rows, with another behind it`);
    if (cursor !== undefined && cursor === next) throw new Error('the same page twice');
    cursor = next;
  };
}

const customerPages = (lists: CustomerLists, list: Omit<CustomerList, 'limit'>): (() => Promise<void>) =>
  pager(async (cursor) => {
    const { customers = [], next } = await lists.page(
      { ...list, limit: PAGE, cursor: cursor ?? list.cursor },
      BUDGET_MS,
    );
    return { rows: customers.length, next };
  });

/** A cursor far into a list: what is behind it must cost as much as what is in front. */
async function middleOf(lists: CustomerLists): Promise<string> {
  let cursor: string | undefined;
  for (let n = 0; n < 100; n += 1) {
    const { next } = await lists.page({ sort: 'createdAt', order: 'desc', limit: 1_000, cursor }, BUDGET_MS);
    cursor = next ?? cursor;
  }
  return cursor ?? '';
}

/**
 * Queries over all shards, as the services' storage runs them: pages of 50, and aggregates. All results are checked.
 */
export async function benchAcross(options: { shards: number; customers: number; requests: number }): Promise<void> {
  const { shards, customers, requests } = options;
  const cluster = await startCluster(shards);
  try {
    const profile = await profileStorage();
    const profiles = await cluster.open(profile.keyspace);
    await fillCustomers(profiles, 1, customers);
    const lists = new profile.CustomerLists(profiles.database);
    const about = `${customers.toLocaleString('en')} customers on ${shards} shards`;
    printCosts(`Pages of ${PAGE} of ${about}`, await customerCosts(lists, cluster.postgres, requests));
    printCosts(`Aggregates over ${about}`, await figureCosts(lists, cluster.postgres, customers));
    const cart = await cartStorage();
    const carts = Math.floor(customers / CART_SHARE);
    const open = await cluster.open(cart.keyspace);
    await fillCarts(open, carts, SKUS);
    const reports = new cart.CartReports(open.database);
    printCosts(
      `${carts.toLocaleString('en')} carts of 3 lines, ${SKUS.toLocaleString('en')} SKUs, on ${shards} shards`,
      await cartCosts(reports, cluster.postgres, requests, carts),
    );
  } finally {
    await cluster.stop();
  }
}

async function customerCosts(lists: CustomerLists, postgres: Role, requests: number): Promise<Map<string, Cost>> {
  const middle = await middleOf(lists);
  const cases: [string, Omit<CustomerList, 'limit'>][] = [
    ['newest first', { sort: 'createdAt', order: 'desc' }],
    ['from 100,000 on', { sort: 'createdAt', order: 'desc', cursor: middle }],
    ['by name', { sort: 'name', order: 'asc' }],
    ['name begins with "grace"', { sort: 'name', order: 'asc', prefix: 'grace' }],
    ['name begins with "grace a1"', { sort: 'name', order: 'asc', prefix: 'grace a1' }],
    ['e-mail begins with "customer9"', { sort: 'email', order: 'asc', prefix: 'customer9' }],
  ];
  const costs = new Map<string, Cost>();
  for (const [name, list] of cases) {
    await timed(postgres, { operations: Math.ceil(requests / 5) }, customerPages(lists, list));
    costs.set(name, await timed(postgres, { operations: requests }, customerPages(lists, list)));
  }
  return costs;
}

async function figureCosts(lists: CustomerLists, postgres: Role, customers: number): Promise<Map<string, Cost>> {
  const costs = new Map<string, Cost>();
  for (const days of [30, 366]) {
    const until = new Date('2026-11-25T00:00:00Z');
    const from = new Date(until.getTime() - days * 86_400_000);
    const count = async (): Promise<void> => {
      const figures = await lists.figures(from, until, BUDGET_MS);
      if (figures.customers !== customers) throw new Error(`counted ${figures.customers} customers`);
    };
    await timed(postgres, { operations: 2 }, count);
    costs.set(`all, and sign-ups of ${days} days`, await timed(postgres, { operations: 10 }, count));
  }
  return costs;
}

async function cartCosts(
  reports: CartReports,
  postgres: Role,
  requests: number,
  carts: number,
): Promise<Map<string, Cost>> {
  const abandoned = pager(async (cursor) => {
    const list = { since: '2026-11-01T00:00:00Z', order: 'desc', limit: PAGE, cursor } as const;
    const { carts: rows = [], next } = await reports.abandoned(list, BUDGET_MS);
    return { rows: rows.length, next };
  });
  const statistics = async (): Promise<void> => {
    const { open } = await reports.statistics(BUDGET_MS);
    if (open !== carts) throw new Error(`counted ${open} carts`);
  };
  const top = async (): Promise<void> => {
    const { demands } = await reports.topProducts(PAGE, BUDGET_MS);
    if (demands.length !== PAGE) throw new Error(`${demands.length} top products`);
  };
  const costs = new Map<string, Cost>();
  for (const [name, operations, work] of [
    [`abandoned, a page of ${PAGE}`, requests, abandoned],
    ['number and value', 10, statistics],
    [`top ${PAGE} products`, 10, top],
  ] as const) {
    await timed(postgres, { operations: Math.ceil(operations / 5) }, work);
    costs.set(name, await timed(postgres, { operations }, work));
  }
  return costs;
}
