import * as fc from 'fast-check';
import { NamesModel, type Effect, type ModelOptions } from '../../test/names-model.js';

/** A command of one of a few customers about a few names, so that they meet. Each is delivered once or twice. */
interface Plan {
  readonly customer: number;
  readonly effect: Effect;
  readonly deliveries: number;
}

const email = fc.constantFrom('a', 'b', 'c');
const username = fc.constantFrom('u', 'v', null);
const held = fc.record({ email, username });
const effect: fc.Arbitrary<Effect> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('create' as const), names: held }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('erase' as const), names: held }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('change' as const),
      kind: fc.constant('email' as const),
      from: email,
      to: email,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('change' as const),
      kind: fc.constant('username' as const),
      from: username,
      to: username,
    }),
  },
);
const plans: fc.Arbitrary<Plan[]> = fc.array(
  fc.record({ customer: fc.nat(2), effect, deliveries: fc.integer({ min: 1, max: 2 }) }),
  { minLength: 1, maxLength: 6 },
);
const deaths = fc.array(
  fc.record({ process: fc.integer({ min: 1, max: 30 }), moment: fc.integer({ min: 1, max: 6 }) }),
  {
    maxLength: 6,
  },
);

/** Runs plans in the scheduler's order, lets everything expire, and says what was wrong. */
async function play(
  all: readonly Plan[],
  dead: readonly { process: number; moment: number }[],
  scheduler: fc.Scheduler,
  without?: ModelOptions['without'],
): Promise<string[]> {
  let isOver = false;
  const dies: ModelOptions['dies'] = (process, moment) =>
    !isOver && dead.some((death) => death.process === process && death.moment === moment);
  const model = new NamesModel({ scheduler, dies, ...(without && { without }) });
  const created = new Set<number>();
  const replies = new Map<string, Set<string>>();
  for (const [n, { customer, effect: wanted, deliveries }] of all.entries()) {
    // An id is minted by one registration only.
    const isNew = wanted.do === 'create';
    const customerId = isNew && created.has(customer) ? `customer ${customer} of ${n}` : `customer ${customer}`;
    if (isNew) created.add(customer);
    const claim = { customerId, token: `command ${n}` };
    for (let delivery = 0; delivery < deliveries; delivery += 1) {
      void model.deliver(claim, wanted).then(({ ok }) => {
        replies.set(claim.token, (replies.get(claim.token) ?? new Set()).add(String(ok)));
      });
    }
    void model.expire();
  }
  await scheduler.waitIdle();
  isOver = true;
  // Dead processes stay dead, frozen ones went on: the rest is up to the expiry.
  void model.expire();
  await scheduler.waitIdle();
  const wrong = [...model.violations];
  for (const [token, given] of replies) {
    if (given.size > 1) wrong.push(`${token} had two replies`);
    if (given.has('true') !== (model.inbox.get(token)?.ok === true))
      wrong.push(`${token} had a reply against its decision`);
  }
  const heldNow = [...model.accounts].flatMap(([id, { email: e, username: u }]) =>
    [`email:${e}`, ...(u === null ? [] : [`username:${u}`])].map((key) => `${key} ${id} confirmed`),
  );
  const known = [...model.rows].map(([key, row]) => `${key} ${row.customerId} ${row.state}`);
  if (known.sort().join() !== heldNow.sort().join()) wrong.push(`left: ${known.join()}; held: ${heldNow.join()}`);
  return wrong;
}

const property = (without?: ModelOptions['without']) =>
  fc.asyncProperty(plans, deaths, fc.scheduler(), async (all, dead, scheduler) => {
    expect(await play(all, dead, scheduler, without)).toEqual([]);
  });

describe('the saga of login names', () => {
  it('never gives a name to two, and leaves none behind, whatever is delivered when and whoever dies', async () => {
    await fc.assert(property(), { numRuns: 1_000 });
  });

  it.each(['giving up', 'comparing reservations'] as const)(
    'would do so without %s: the test can see it',
    async (without) => {
      const { failed } = await fc.check(property(without), { numRuns: 5_000, endOnFailure: true });
      expect(failed).toBe(true);
    },
    60_000,
  );
});
