import type { KafkaClientName } from '../port/port.js';
import { describeGroups } from './port-groups.suite.js';
import { PortKit, type PortAbilities } from './port-kit.suite.js';
import { describeAdmin, describeFollower, describeRecords } from './port-records.suite.js';
import { describeTransactions } from './port-transactions.suite.js';

/** The expectations that every adapter of KafkaPort must meet, on a real broker. */
export function describePort(client: KafkaClientName, brokers: () => string, abilities: PortAbilities): void {
  describe(`KafkaPort on ${client}`, () => {
    const kit = new PortKit(client, brokers, abilities);
    beforeAll(() => kit.start());
    afterAll(() => kit.end());

    describeAdmin(kit);
    describeRecords(kit);
    describeFollower(kit);
    describeTransactions(kit);
    describeGroups(kit);
  });
}
