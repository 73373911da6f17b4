import { type Caller, type ErrorBody, type IncomingReply, newId } from '@stoa/messaging';
import { type KafkaRecord } from '@stoa/kafka';
import { type AskOptions, type OperationName, ServiceUnderTest } from '@stoa/messaging/testing';
import { profile, type Profile } from '@stoa/profile-contract';
import { testKeyspaces, type TestKeyspaces } from '@stoa/sharded-service/testing';
import { bucketOf } from '@stoa/sharding/testing';
import { type Clone, eventually } from '@stoa/testing';
import { lookupKeyspace, profileKeyspace } from '../src/storage/keyspace.js';

/** A reply with its body parsed; that of an error has a `code`. */
export interface Reply {
  readonly ok: boolean;
  readonly body: Profile & ErrorBody & { readonly role: string };
}

export interface ProfileEvent {
  readonly type: string;
  readonly version: number;
  readonly data: object;
}

export const PASSWORD = 'correct horse battery';
export const customer = (customerId: string): Caller => ({ kind: 'customer', customerId });
export const newGuest = (): Caller => ({ kind: 'guest', customerId: newId() });

/** The profile service for real: its own shards and topics, clones as processes, and this test as the gateway. */
export class ProfileService {
  private constructor(
    readonly data: TestKeyspaces,
    private readonly service: ServiceUnderTest<typeof profile>,
  ) {}

  static async start(): Promise<ProfileService> {
    const data = await testKeyspaces([profileKeyspace, lookupKeyspace]);
    return new ProfileService(data, await ServiceUnderTest.open(profile));
  }

  /** Starts a clone and waits until it is ready. */
  startClone(env: Record<string, string> = {}): Promise<Clone> {
    return this.service.startClone({ DIRECTORY_URL: this.data.directoryUrl, OWNER_SECOND_FACTOR: 'off', ...env });
  }

  /** The rows of all shards. */
  rows<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]> {
    return this.data.rows<Row>(profileKeyspace.name, text, values);
  }

  /** The same of the keyspace of login names. */
  names<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<Row[]> {
    return this.data.rows<Row>(lookupKeyspace.name, text, values);
  }

  /** Reserves a name for a command that never comes. */
  async reserveName(kind: string, name: string, claim: { customerId: string; token: string }): Promise<void> {
    await this.names(
      `INSERT INTO names (bucket, kind, name, customer_id, token, reservation, state, reserved_at)
       SELECT $1::smallint, $2, $3, $4::uuid, $5::uuid, gen_random_uuid(), 'reserved', now()
       FROM sharding.bucket_owner WHERE bucket = $1::smallint AND state = 'owned'`,
      [bucketOf(name), kind, name, claim.customerId, claim.token],
    );
  }

  ask(operation: OperationName<typeof profile>, input: object, caller: Caller, options?: AskOptions): Promise<Reply> {
    return this.service.ask<Reply['body']>(operation, input, caller, options);
  }

  /** As ask, but the reply as it came, with who served it. */
  request(
    operation: OperationName<typeof profile>,
    input: object,
    caller: Caller,
    options?: AskOptions,
  ): Promise<IncomingReply> {
    return this.service.request(operation, input, caller, options);
  }

  /** Registers with `PASSWORD`. */
  register(email: string, options?: AskOptions): Promise<Reply> {
    return this.ask('register', { email, password: PASSWORD, displayName: 'Ada' }, newGuest(), options);
  }

  signIn(email: string, password = PASSWORD): Promise<Reply> {
    return this.ask('checkCredentials', { email, password }, newGuest());
  }

  /** All events of a customer so far, in their order. Waits until there are `count`. */
  async events(customerId: string, count: number): Promise<ProfileEvent[]> {
    const records = await this.service.published(['events'], count, ({ key }) => key?.toString() === customerId);
    return records.map(({ value, headers }) => ({
      type: headers['type'] ?? '',
      version: Number(headers['version']),
      data: JSON.parse(value?.toString() ?? '') as object,
    }));
  }

  /**
   * Delivers the decisions about a customer's names once more, under versions that nobody has seen: duplicates are
   * handled only when it was forgotten that they were.
   */
  async decideAgain(customerId: string, count: number): Promise<void> {
    const isTheirs = ({ headers, value }: KafkaRecord): boolean =>
      headers['type'] === 'namesDecided' && value?.toString().includes(customerId) === true;
    const records = await this.service.published(['events'], count, isTheirs);
    const again = records.map(({ topic, key, value, headers }) => ({
      topic,
      key,
      value,
      headers: { ...headers, version: String(Number(headers['version']) + 1) },
    }));
    await this.service.port.produce(again, 'all');
    // Each shard has a row for each key that it knows a version of.
    await eventually(async () => {
      const known = await this.rows('SELECT key FROM event_versions WHERE version = 2 AND key = ANY ($1)', [
        records.map(({ key }) => key?.toString()),
      ]);
      if (known.length < records.length) throw new Error('not delivered yet');
    });
  }

  /** Holds up whatever needs a customer's row, until `meanwhile` is over; then all clones are killed at once. */
  async killWhileLocked(customerId: string, meanwhile: () => Promise<void>): Promise<void> {
    const lock = 'SELECT 1 FROM customers WHERE customer_id = $1 FOR UPDATE';
    await this.data.whileLocked(profileKeyspace.name, lock, [customerId], async () => {
      await meanwhile();
      await this.service.killClones();
    });
  }

  /** Kills all clones at once. */
  killClones(): Promise<void> {
    return this.service.killClones();
  }

  /** The shard that has a customer's bucket. */
  placeOf(customerId: string): Promise<string | undefined> {
    return this.data.shardOf(profileKeyspace.name, bucketOf(customerId));
  }

  /** The shard that has a bucket of login names. */
  placeOfName(bucket: number): Promise<string | undefined> {
    return this.data.shardOf(lookupKeyspace.name, bucket);
  }

  /** The logs of all clones. */
  logs(): string {
    return this.service.logs();
  }

  async stop(): Promise<void> {
    await this.service.stop();
    await this.data.drop();
  }
}
