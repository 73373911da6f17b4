import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { repoRoot } from '@stoa/local';
import type { Keyspace, KeyspaceDatabase } from '@stoa/sharded-service';
import type { inTransaction } from '@stoa/messaging/testing';
import type { Sql } from '@stoa/postgres';

// The services' own storage classes, as they are built, so that the code that runs is measured. Only the used parts are
// typed here.

export interface Customer {
  readonly customerId: string;
  readonly role: 'customer';
  readonly email: string;
  readonly displayName: string;
  readonly locale: string | null;
  readonly phone: string | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface Customers {
  read(customerId: string): Promise<Customer | undefined>;
  lock(tx: Sql, bucket: number, customerId: string): Promise<Customer | undefined>;
  insert(tx: Sql, bucket: number, customer: Customer): Promise<void>;
  save(tx: Sql, bucket: number, customer: Customer): Promise<void>;
}

export interface CustomerList {
  readonly sort: 'createdAt' | 'name' | 'email';
  readonly order: 'asc' | 'desc';
  readonly prefix?: string;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

interface PageOf<Item> {
  readonly customers?: readonly Item[];
  readonly carts?: readonly object[];
  readonly next: string | undefined;
  readonly previous: string | undefined;
}

export interface CustomerLists {
  page(list: CustomerList, budgetMs: number): Promise<PageOf<Customer>>;
  figures(from: Date, until: Date, budgetMs: number): Promise<{ customers: number; signUps: Map<string, number> }>;
}

export interface Carts {
  read(customerId: string): Promise<{ cart: CartState }>;
  lock(context: InTransaction, customerId: string): Promise<{ cart: CartState }>;
  save(context: InTransaction, cart: CartState): void;
}

type InTransaction = ReturnType<typeof inTransaction>;

interface CartState {
  readonly version: number;
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
  readonly updatedAt: Date | null;
}

export interface CartReports {
  statistics(budgetMs: number): Promise<{ open: number; values: { carts: number }[] }>;
  abandoned(
    list: { since: string; order: 'asc' | 'desc'; limit: number; cursor?: string | undefined },
    budgetMs: number,
  ): Promise<PageOf<never>>;
  topProducts(limit: number, budgetMs: number): Promise<{ demands: readonly { quantity: number }[] }>;
}

type Storage<T> = new (database: KeyspaceDatabase) => T;

async function built<Module>(app: string, file: string): Promise<Module> {
  return (await import(pathToFileURL(join(repoRoot, 'apps', app, 'dist/storage', file)).href)) as Module;
}

export async function profileStorage() {
  const [{ profileKeyspace }, { Customers: customers }, { CustomerLists: lists }] = await Promise.all([
    built<{ profileKeyspace: Keyspace }>('profile', 'keyspace.js'),
    built<{ Customers: Storage<Customers> }>('profile', 'customers.js'),
    built<{ CustomerLists: Storage<CustomerLists> }>('profile', 'customer-lists.js'),
  ]);
  return { keyspace: profileKeyspace, Customers: customers, CustomerLists: lists };
}

export async function cartStorage() {
  const [{ cartKeyspace }, { Carts: carts }, { CartReports: reports }] = await Promise.all([
    built<{ cartKeyspace: Keyspace }>('cart', 'keyspace.js'),
    built<{ Carts: Storage<Carts> }>('cart', 'carts.js'),
    built<{ CartReports: Storage<CartReports> }>('cart', 'cart-reports.js'),
  ]);
  return { keyspace: cartKeyspace, Carts: carts, CartReports: reports };
}
