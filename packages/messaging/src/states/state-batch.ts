import type { KafkaRecord } from '@stoa/kafka';
import type { Sql } from '@stoa/postgres';
import type { KeyState } from '../api/subscriptions.js';
import { parseMessage, UnreadableRecord } from '../subscriptions/event-record.js';
import type { StateSubscription, SubscriptionTable } from '../subscriptions/subscription-table.js';

/** A record that is no state of its contract. */
export interface UnreadableState {
  readonly record: KafkaRecord;
  readonly reason: string;
}

/** The last state per key of some records, by subscription. Records that can't be read are set apart. */
export class StateBatch {
  readonly unreadable: UnreadableState[] = [];
  private readonly states = new Map<StateSubscription, Map<string, KeyState<never>>>();

  /** @param topicOf gives a record's topic without the deployment's prefix */
  constructor(
    records: readonly KafkaRecord[],
    subscriptions: SubscriptionTable<StateSubscription>,
    topicOf: (record: KafkaRecord) => string,
  ) {
    for (const record of records) {
      const subscription = subscriptions.find(topicOf(record), record.headers['type']);
      if (subscription) this.add(subscription, record);
    }
  }

  /** Calls each handler once with its states. */
  async apply(tx: Sql): Promise<void> {
    for (const [{ handler }, byKey] of this.states) await handler.apply(tx, [...byKey.values()]);
  }

  private add(subscription: StateSubscription, record: KafkaRecord): void {
    try {
      if (record.key === null) throw new UnreadableRecord('a state without a key');
      const key = record.key.toString();
      const { version, data } = parseMessage(subscription.message, record);
      const byKey = this.states.get(subscription) ?? new Map<string, KeyState<never>>();
      const known = byKey.get(key);
      // A relay that crashed sends an older version again, behind a newer one.
      if (!known || known.version <= version) byKey.set(key, { key, version, data: data as never });
      this.states.set(subscription, byKey);
    } catch (error) {
      if (!(error instanceof UnreadableRecord)) throw error;
      this.unreadable.push({ record, reason: error.message });
    }
  }
}
