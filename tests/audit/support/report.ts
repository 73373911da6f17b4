import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Audit, Outcome } from './audit.js';
import type { Holdings } from './checks.js';
import { timelineSvg } from './plot.js';

export interface ReportOptions {
  /** The folder for both files. */
  readonly out: string;
  readonly seed: number;
  readonly brokers: number;
  /** Faults that this machine could not make, with the reason. */
  readonly skipped: readonly string[];
}

const HEAD = [
  '#',
  'fault',
  'victim',
  'requests',
  'failed',
  'unknown',
  'lost',
  'doubled',
  'wrong',
  'stuck',
  'recovered after',
];

const RECOVERY_HEAD = ['fault', 'times', 'median', 'longest', 'to reach', 'failed requests'];

/** Of each kind of fault that has a goal, over all times that it happened. */
function recoveries(outcomes: readonly Outcome[]): string[][] {
  const withGoal = outcomes.filter(({ goalMs }) => goalMs !== undefined);
  return [...Map.groupBy(withGoal, ({ fault }) => fault)].map(([fault, all]) => {
    const times = all.map(({ recoveredMs }) => recoveredMs ?? Infinity).toSorted((a, b) => a - b);
    const [median, longest] = [times[Math.floor(times.length / 2)], times.at(-1)];
    const failed = all.reduce((sum, each) => sum + each.failed, 0);
    const goal = `${(all[0]?.goalMs ?? 0) / 1_000} s`;
    return [fault, String(all.length), recovery(median), recovery(longest), goal, String(failed)];
  });
}

/** One line of the table. */
export const rowOf = (outcome: Outcome, number: number): string[] => [
  String(number),
  outcome.fault,
  outcome.victim,
  ...[outcome.requests, outcome.failed, outcome.unknown].map(String),
  ...[outcome.lost, outcome.doubled, outcome.wrong, outcome.stuck].map(String),
  recovery(outcome.recoveredMs),
];

/** Milliseconds in words. */
export const recovery = (ms: number | undefined): string => {
  if (ms === undefined || ms === Infinity) return 'never';
  return ms === 0 ? 'not noticed' : `${Math.round(ms)} ms`;
};

/** Writes `audit.md` and `audit.svg`. @returns the path of the first */
export function writeReport(audit: Audit, { out, seed, brokers, skipped }: ReportOptions): string {
  const { outcomes, timeline, findings, before, after } = audit;
  const name = brokers > 1 ? `audit-${brokers}-brokers` : 'audit';
  const { seconds, marks } = timeline;
  const title = `Fault audit: ${outcomes.length} faults in ${Math.round(seconds.length / 60)} minutes, seed ${seed}, ${broker(brokers)}`;
  mkdirSync(out, { recursive: true });
  writeFileSync(path.join(out, `${name}.svg`), timelineSvg(title, seconds, marks));
  const { counts, kinds, violations } = findings;
  const written = `${count(counts, 'writes')} writes, ${count(counts, 'registrations')} registrations and ${count(counts, 'orders')} orders were acknowledged`;
  const lines = [
    `# ${title}`,
    '',
    INTRODUCTION,
    '',
    `![Requests, failures and p99 by second](${name}.svg)`,
    '',
    `In this run ${written}, ${count(counts, 'refused writes')} writes were refused, ${count(counts, 'repeated writes')} were sent again
later, ${count(counts, 'unknown')} were given up and settled afterwards; ${count(counts, 'events')} events were read.
**Lost: ${kinds.lost}. Doubled: ${kinds.doubled}. Stuck: ${kinds.stuck}. Otherwise wrong: ${kinds.wrong}.**`,
    '',
    ...table(
      HEAD,
      outcomes.map((outcome, n) => rowOf(outcome, n + 1)),
    ),
    '',
    '## Time to recover',
    '',
    ...table(RECOVERY_HEAD, recoveries(outcomes)),
    ...(skipped.length > 0 ? ['', `Not tried here: ${skipped.join('; ')}.`] : []),
    ...(violations.length > 0 ? ['', '## Found', '', ...violations.map((each) => `- ${each}`)] : []),
    ...(before && after ? ['', '## Held at rest, before and after', '', ...held(before, after)] : []),
    '',
  ];
  writeFileSync(path.join(out, `${name}.md`), lines.join('\n'));
  return path.join(out, `${name}.md`);
}

const INTRODUCTION = `Written by \`npm run audit\`; [operations](operations.md#the-fault-audit) says how it works and what it checks. The numbers
in the plot are those of the table.

| column | says |
|---|---|
| requests | what all clients sent from a second before the fault until a second after it was over |
| failed | of these, without a response or with one that says to try again (429, 502, 503, 504); clients did, with the same \`Idempotency-Key\` |
| unknown | writes that a client gave up after 12 s without knowing; sent again afterwards, they had happened once or not at all |
| lost, doubled, wrong, stuck | what must not be: an acknowledged write or its event that is missing; one that was done twice; anything else that is not as the model says (half done, stale, out of order; an order whose goods or money are not as the provider's ledger and the stock have them); an order that is undecided after a minute |
| recovered after | until whole journeys (a product, a change of the cart, the profile; each request once, 2.5 s at most) succeed again for everybody, counted from the end of a fault that lasts (4 s), else from its beginning; *not noticed*: none failed |`;

const broker = (brokers: number): string => (brokers === 1 ? 'one Kafka broker' : `${brokers} Kafka brokers`);

const count = (counts: Readonly<Record<string, number>>, what: string): string =>
  (counts[what] ?? 0).toLocaleString('en');

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);

function held(before: Holdings, after: Holdings): string[] {
  const names = Object.keys(after.memory).filter((name) => name in before.memory);
  const sum = ({ sessions }: Holdings): number => Object.values(sessions).reduce((total, each) => total + each, 0);
  return [
    ...table(
      ['', 'before', 'after'],
      [
        ['Postgres sessions', String(sum(before)), String(sum(after))],
        ['reply topics', String(before.replyTopics), String(after.replyTopics)],
        ['consumer groups', String(before.groups.length), String(after.groups.length)],
        ...names.map((name) => [`${name}, MB (PSS)`, String(before.memory[name]), String(after.memory[name])]),
      ],
    ),
  ];
}
