import { OperationError, type InputOf, type OutputOf } from '@stoa/contract-kit';
import { newId } from '@stoa/messaging';
import { profile } from '@stoa/profile-contract';
import { databaseContext } from '@stoa/service/testing';
import { openKeyspace, type KeyspaceDatabase } from '@stoa/sharded-service';
import { testKeyspaces, type TestKeyspaces } from '@stoa/sharded-service/testing';
import { Mover } from '@stoa/sharding';
import { emailName } from '../src/domain/login-name.js';
import { CustomerStatistics } from '../src/operations/customer-statistics.js';
import { ListCustomers } from '../src/operations/list-customers.js';
import { CustomerLists } from '../src/storage/customer-lists.js';
import { Customers } from '../src/storage/customers.js';
import { profileKeyspace } from '../src/storage/keyspace.js';

export type ListInput = Partial<InputOf<typeof profile.listCustomers>>;
export type ListOutput = OutputOf<typeof profile.listCustomers>;

const LIMITS = { pauseMs: 50, busyMs: 3_000 };

const context = (budgetMs: number) => ({
  caller: { kind: 'operator', customerId: newId() } as const,
  budgetMs,
  fail: (code: string, detail?: string, problems?: OperationError['problems']): never => {
    throw new OperationError(code, detail, problems);
  },
});

/** The operators' queries of a profile clone, over shards of a test's own. */
export class ManyCustomers {
  private readonly lists: CustomerLists;
  private readonly customers: Customers;

  private constructor(
    readonly data: TestKeyspaces,
    readonly database: KeyspaceDatabase,
  ) {
    this.lists = new CustomerLists(database);
    this.customers = new Customers(database);
  }

  static async start(shards: number): Promise<ManyCustomers> {
    const data = await testKeyspaces([profileKeyspace], { shards });
    return new ManyCustomers(
      data,
      await openKeyspace(profileKeyspace.name, data.directoryUrl, databaseContext('test', 'fatal')),
    );
  }

  /** As registering does, without a password. */
  async add(customer: { email: string; displayName: string; createdAt: Date }): Promise<string> {
    const customerId = newId();
    const bucket = this.database.bucketOf(customerId);
    const { email, displayName, createdAt } = customer;
    const row = {
      customerId,
      role: 'customer',
      isOperator: false,
      verifiedEmail: null,
      username: null,
      locale: null,
      phone: null,
      version: 1,
    } as const;
    await this.database.transaction(bucket, (tx) =>
      this.customers.insert(tx, bucket, {
        ...row,
        email: emailName(email).name,
        displayName,
        createdAt,
        updatedAt: createdAt,
      }),
    );
    return customerId;
  }

  list(input: ListInput, budgetMs = 20_000): Promise<ListOutput> {
    const parsed = profile.listCustomers.input.parse(input);
    return new ListCustomers(this.lists).handle(parsed, context(budgetMs));
  }

  statistics(input: { from?: string; to?: string }): Promise<OutputOf<typeof profile.customerStatistics>> {
    return new CustomerStatistics(this.lists).handle(input, context(20_000));
  }

  /** Follows `next` to the end, then `previous` back to the beginning. @returns the names, as read on both ways. */
  async walk(input: ListInput): Promise<{ there: string[]; back: string[] }> {
    const there: string[] = [];
    let page = await this.list(input);
    for (;;) {
      there.push(...page.items.map(({ displayName }) => displayName));
      if (page.next === null) break;
      page = await this.list({ ...input, cursor: page.next });
    }
    const back: string[] = [];
    for (;;) {
      back.unshift(...page.items.map(({ displayName }) => displayName));
      if (page.previous === null) return { there, back };
      page = await this.list({ ...input, cursor: page.previous });
    }
  }

  /** Moves buckets as an operator does. */
  async move(from: string, to: string, buckets: readonly number[]): Promise<void> {
    const mover = new Mover({ directoryUrl: this.data.directoryAdminUrl, limits: LIMITS });
    await mover.runMove(await mover.planMove({ keyspace: profileKeyspace.name, buckets, from, to }));
  }

  async stop(): Promise<void> {
    await this.database.close();
    await this.data.drop();
  }
}
