import { newId, type Caller, type ErrorBody } from '@stoa/messaging';
import { ServiceUnderTest, type OperationName } from '@stoa/messaging/testing';
import { order, type ShopRules } from '@stoa/order-contract';
import { testKeyspaces, type TestKeyspaces } from '@stoa/sharded-service/testing';
import { eventually, type Clone } from '@stoa/testing';
import { orderKeyspace } from '../src/storage/keyspace.js';

/** A reply with its body parsed; that of an error has a `code`. */
export interface Reply<Body> {
  readonly ok: boolean;
  readonly body: Body & ErrorBody;
}

export const operator: Caller = { kind: 'operator', customerId: newId(), roles: ['orders'] } as Caller;
export const shopper = (): Caller & { readonly customerId: string } => ({ kind: 'customer', customerId: newId() });

/** The order service for real, as far as rules and coupons go: its own shards and topics, and this test as gateway. */
export class RulesService {
  private constructor(
    readonly data: TestKeyspaces,
    private readonly service: ServiceUnderTest<typeof order>,
  ) {}

  static async start(): Promise<RulesService> {
    const data = await testKeyspaces([orderKeyspace]);
    return new RulesService(data, await ServiceUnderTest.open(order, 'catalog'));
  }

  startClone(): Promise<Clone> {
    return this.service.startClone({ DIRECTORY_URL: this.data.directoryUrl });
  }

  killClones(): Promise<void> {
    return this.service.killClones();
  }

  ask<Body = Record<string, unknown>>(
    operation: OperationName<typeof order>,
    input: object,
    caller: Caller = operator,
    options?: { readonly id?: string; readonly budgetMs?: number },
  ): Promise<Reply<Body>> {
    return this.service.ask<Body & ErrorBody>(operation, input, caller, options);
  }

  rows<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]> {
    return this.data.rows<Row>(orderKeyspace.name, text, values);
  }

  async rules(): Promise<ShopRules> {
    return (await this.ask<ShopRules>('getRules', {})).body;
  }

  /** Waits until the copies of all shards are as new as the rules. */
  async copied(): Promise<void> {
    const { version } = await this.rules();
    await eventually(async () => {
      const rows = await this.rows<{ version: number }>('SELECT rules_version AS version FROM shop_rules');
      if (rows.length === 0 || rows.some((row) => row.version !== version))
        throw new Error(`the copies have ${JSON.stringify(rows)}, the rules ${version}`);
    });
  }

  async stop(): Promise<void> {
    await this.service.stop();
    await this.data.drop();
  }
}
