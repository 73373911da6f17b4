import { Audit } from './support/audit.js';
import type { Fault } from './support/fault.js';
import { FAULTS } from './support/faults.js';
import { BROKERS, choices, MINUTES, ONLY, OUT, REPEAT, say, SEED, SLOW_MS } from './support/settings.js';
import { recovery, writeReport } from './support/report.js';

/** The things that this machine lacks, with the reasons: see the global set-up. */
const LACKING = JSON.parse(process.env.STOA_AUDIT_LACKING ?? '{}') as Record<string, string>;

const unknown = ONLY.filter((name) => !FAULTS.some((fault) => fault.name === name));
if (unknown.length > 0)
  throw new Error(`no fault is called ${unknown.join(', ')}; there are ${FAULTS.map(({ name }) => name).join(', ')}`);

const chosen = FAULTS.filter(({ name }) => ONLY.length === 0 || ONLY.includes(name));
const possible = chosen.filter(({ needs }) => !needs || !(needs in LACKING));
const skipped = chosen.filter((fault) => !possible.includes(fault));
const planned = Array.from({ length: REPEAT }, () => possible).flat();
const deadline = performance.now() + MINUTES * 60_000;

describe('acknowledged writes are done once, and their events published in order', () => {
  let audit: Audit;

  beforeAll(async () => {
    for (const [needed, why] of Object.entries(LACKING)) say(`without ${needed}: ${why}`);
    audit = await Audit.start({ seed: SEED });
  }, SLOW_MS);

  afterAll(async () => {
    const path =
      OUT && writeReport(audit, { out: OUT, seed: SEED, brokers: BROKERS, skipped: skipped.map(({ name }) => name) });
    if (path) say(`written: ${path}`);
    await audit.stop();
  }, SLOW_MS);

  const endure = async (fault: Fault, salt: number): Promise<void> => {
    const seen = audit.findings.violationCount;
    const outcome = await audit.run(fault, choices(salt));
    const { victim, requests, failed, unknown: given, recoveredMs } = outcome;
    say(
      `${fault.name} (${victim}): ${requests} requests, ${failed} failed, ${given} unknown, ${recovery(recoveredMs)}`,
    );
    if (audit.findings.violationCount > seen) throw new Error(audit.findings.violations.join('\n'));
  };

  it.each(planned.map((fault, n) => ({ name: fault.name, fault, n })))(
    '$name',
    ({ fault, n }) => endure(fault, n),
    SLOW_MS,
  );

  if (skipped.length > 0) it.skip.each(skipped)('$name', () => undefined);

  if (ONLY.length === 0) {
    it(
      'faults at random, until the time is over',
      async () => {
        const random = choices(1_000);
        for (let n = 0; performance.now() < deadline; n += 1) await endure(random.pick(possible), 2_000 + n);
      },
      MINUTES * 60_000 + SLOW_MS,
    );
  }

  it(
    'in the end nothing has leaked',
    async () => {
      const { violations, counts } = await audit.finish();
      say(`in all: ${JSON.stringify(counts)}`);
      expect(violations).toEqual([]);
      expect(counts['writes']).toBeGreaterThan(50);
    },
    SLOW_MS,
  );
});
