import type { ContractDocument, FactDocument, OperationDocument } from '../document/to-document.js';
import type { BreakingChange } from './contract-change.js';
import { compareFact } from './compare-message.js';
import { compareOperation } from './compare-operation.js';
import { canonical, withoutAnnotations } from '../schemas/meaning.js';

const meaningOfOperation = ({ summary: _s, description: _d, input, output, ...rules }: OperationDocument) => ({
  ...rules,
  input: withoutAnnotations(input),
  output: withoutAnnotations(output),
});
const meaningOfFact = ({ summary: _s, data, ...rules }: FactDocument) => ({ ...rules, data: withoutAnnotations(data) });

const mapValues = <A, B>(map: Readonly<Record<string, A>>, to: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(map).map(([name, value]) => [name, to(value)]));

/** The contract without its version and without what only readers need. */
const meaningOf = ({ operations, events, states, service, format }: ContractDocument): string =>
  canonical({
    service,
    format,
    operations: mapValues(operations, meaningOfOperation),
    events: mapValues(events, meaningOfFact),
    states: mapValues(states, meaningOfFact),
  });

function compareWhole(released: ContractDocument, next: ContractDocument): BreakingChange[] {
  const where = released.service;
  const change = (path: string, reason: string): BreakingChange[] => [{ where, path, reason }];
  if (next.service !== released.service)
    return change('service', `changed to ${next.service}: its topics are named after it`);
  if (next.format !== released.format) return change('format', `${String(next.format)} is not known here`);
  if (next.version < released.version) {
    return change('version', `fell from ${released.version} to ${next.version}: a newer contract is in force`);
  }
  if (next.version > released.version || meaningOf(released) === meaningOf(next)) return [];
  return change(
    'version',
    `stayed ${released.version} although the contract changed: raise it to ${released.version + 1}`,
  );
}

function removed(released: ContractDocument, next: ContractDocument): BreakingChange[] {
  const kinds = [
    ['operations', 'the operation', 'its callers would be refused'],
    ['events', 'the event', 'its consumers would wait for it in vain'],
    ['states', 'the state', 'its consumers would keep a copy that is never updated'],
  ] as const;
  return kinds.flatMap(([kind, what, why]) =>
    Object.keys(released[kind])
      .filter((name) => !(name in next[kind]))
      .map((name) => ({ where: `${released.service}.${name}`, path: what, reason: `was removed: ${why}` })),
  );
}

function compareOperations(released: ContractDocument, next: ContractDocument): BreakingChange[] {
  return Object.entries(released.operations).flatMap(([name, before]) => {
    const after = next.operations[name];
    return after ? compareOperation({ where: `${released.service}.${name}`, released, next, before, after }) : [];
  });
}

function compareFacts(kind: 'events' | 'states', released: ContractDocument, next: ContractDocument): BreakingChange[] {
  return Object.entries(released[kind]).flatMap(([name, before]) => {
    const after = next[kind][name];
    const where = `${released.service}.${name}`;
    return after ? compareFact({ where, before, after, from: released.version, to: next.version }) : [];
  });
}

/**
 * What of `next` would break consumers or providers that still have the `released` contract. Requests, replies and events
 * must be compatible in both directions with the version before (FULL); states stay in their topic for good, so they must
 * be with all of `older` too (FULL_TRANSITIVE). Empty when `next` may take the place of `released`.
 */
export function findBreakingChanges(
  released: ContractDocument,
  next: ContractDocument,
  older: readonly ContractDocument[] = [],
): BreakingChange[] {
  const whole = compareWhole(released, next);
  if (whole.some(({ path }) => path !== 'version')) return whole;
  const history = older.filter(({ version }) => version < released.version);
  return [
    ...whole,
    ...removed(released, next),
    ...compareOperations(released, next),
    ...compareFacts('events', released, next),
    ...[released, ...history].flatMap((version) => compareFacts('states', version, next)),
  ];
}
