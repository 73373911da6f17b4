import { Audit } from './support/audit.js';
import { FAULTS } from './support/faults.js';
import { choices, say, SEED, SLOW_MS } from './support/settings.js';
import { recovery } from './support/report.js';

/** One of each kind that needs nothing special: a clone, whoever relays events, the broker, a shard. */
const SHORT = ['kill-cart', 'kill-order', 'kill-payment', 'freeze-relay-leader', 'kill-kafka', 'kill-postgres-shard1'];
const LOAD = { buyers: 3, customers: 6, guests: 12, writers: 4, readers: 1, rollCalls: false };

describe('acknowledged writes are done once, whatever dies', () => {
  let audit: Audit;

  beforeAll(async () => {
    // It compares no memory.
    audit = await Audit.start({ seed: SEED, load: LOAD, warmUpMs: 2_000 });
  }, SLOW_MS);
  afterAll(() => audit.stop(), SLOW_MS);

  it.each(FAULTS.filter(({ name }) => SHORT.includes(name)))(
    '$name',
    async (fault) => {
      const { victim, requests, failed, unknown, recoveredMs } = await audit.run(fault, choices(FAULTS.indexOf(fault)));
      say(
        `${fault.name} (${victim}): ${requests} requests, ${failed} failed, ${unknown} unknown, ${recovery(recoveredMs)}`,
      );
      expect(audit.findings.violations).toEqual([]);
      expect(requests).toBeGreaterThan(0);
    },
    SLOW_MS,
  );
});
