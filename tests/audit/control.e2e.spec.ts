import type { Findings } from '../support/load/findings.js';
import { Load } from '../support/load/load.js';
import { eventually } from '@stoa/testing';
import { choices, say, SLOW_MS } from './support/settings.js';
import { closeInbox, openInbox } from './support/open-inbox.js';

/** Clients send some writes twice at once, and some again later: no fault is needed. */
const LOAD = { customers: 2, guests: 10, writers: 6, readers: 1, pauseMs: 5, rollCalls: false };
const WRITES = 200;

const shopFor = async (seed: number): Promise<Findings> => {
  const load = await Load.start({ ...LOAD, seed });
  const { findings } = load;
  const enough = async (): Promise<void> => {
    const done = findings.writes.length + findings.violationCount;
    if (done < WRITES) throw new Error(`${done} writes`);
  };
  try {
    await eventually(enough, { timeoutMs: SLOW_MS / 2 });
  } finally {
    await load.stop();
  }
  return findings;
};

describe('writes that are sent twice', () => {
  afterAll(closeInbox, SLOW_MS);

  it(
    'are done once',
    async () => {
      expect((await shopFor(choices(1).int(1_000_000))).violations).toEqual([]);
    },
    SLOW_MS,
  );

  it(
    'are done twice when no inbox knows them: the checks of the audit can see it',
    async () => {
      await openInbox();
      const { kinds, violations } = await shopFor(choices(2).int(1_000_000));
      say(`control: ${kinds.doubled} doubled without the inbox, such as: ${violations[0]?.slice(0, 200)}`);
      expect(kinds.doubled).toBeGreaterThan(0);
    },
    SLOW_MS,
  );
});
