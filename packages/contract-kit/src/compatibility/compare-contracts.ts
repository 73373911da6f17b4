import type { ContractDocument, MessageDocument, OperationDocument } from '../document/contract-document.js';
import { canonical, withoutAnnotations } from '../schemas/meaning.js';
import { compareEventOrState } from './compare-event-or-state.js';
import { compareOperation } from './compare-operation.js';
import type { ContractChange } from './contract-change.js';

const meaningOfOperation = ({ summary: _s, description: _d, input, output, ...rules }: OperationDocument) => ({
  ...rules,
  input: withoutAnnotations(input),
  output: withoutAnnotations(output),
});
const meaningOfMessage = ({ summary: _s, data, ...rules }: MessageDocument) => ({
  ...rules,
  data: withoutAnnotations(data),
});

const mapValues = <A, B>(map: Readonly<Record<string, A>>, to: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(map).map(([name, value]) => [name, to(value)]));

/** The contract without its version and without what only readers need. */
const meaningOf = ({ operations, events, states, service, format }: ContractDocument): string =>
  canonical({
    service,
    format,
    operations: mapValues(operations, meaningOfOperation),
    events: mapValues(events, meaningOfMessage),
    states: mapValues(states, meaningOfMessage),
  });

function compareWhole(released: ContractDocument, next: ContractDocument): ContractChange[] {
  const where = released.service;
  const change = (path: string, reason: string): ContractChange[] => [{ where, path, reason, effect: 'breaking' }];
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

function removed(released: ContractDocument, next: ContractDocument): ContractChange[] {
  const kinds = [
    ['operations', 'the operation', 'its callers would be refused'],
    ['events', 'the event', 'its consumers would wait for it in vain'],
    ['states', 'the state', 'its consumers would keep a copy that is never updated'],
  ] as const;
  return kinds.flatMap(([kind, what, why]) =>
    Object.keys(released[kind])
      .filter((name) => !(name in next[kind]))
      .map((name) => ({
        where: `${released.service}.${name}`,
        path: what,
        reason: `was removed: ${why}`,
        effect: 'breaking',
      })),
  );
}

function compareOperations(released: ContractDocument, next: ContractDocument): ContractChange[] {
  return Object.entries(released.operations).flatMap(([name, before]) => {
    const after = next.operations[name];
    return after ? compareOperation({ where: `${released.service}.${name}`, released, next, before, after }) : [];
  });
}

function compareEventOrStates(
  kind: 'events' | 'states',
  released: ContractDocument,
  next: ContractDocument,
): ContractChange[] {
  return Object.entries(released[kind]).flatMap(([name, before]) => {
    const after = next[kind][name];
    const where = `${released.service}.${name}`;
    return after ? compareEventOrState({ where, before, after, from: released.version, to: next.version }) : [];
  });
}

const isBreaking = ({ effect }: ContractChange): boolean => effect === 'breaking';

/**
 * The differences between `released` and `next` that concern anybody. Requests, replies and events must be compatible
 * in both directions with the version before (FULL); states stay in their topic for good, so they must be with all of
 * `older` too (FULL_TRANSITIVE). One rule is looser: replies, events and states may pass upper limits that they had.
 */
export function compareContracts(
  released: ContractDocument,
  next: ContractDocument,
  older: readonly ContractDocument[] = [],
): ContractChange[] {
  const whole = compareWhole(released, next);
  if (whole.some(({ path }) => path !== 'version')) return whole;
  const history = older.filter(({ version }) => version < released.version);
  return [
    ...whole,
    ...removed(released, next),
    ...compareOperations(released, next),
    ...compareEventOrStates('events', released, next),
    ...compareEventOrStates('states', released, next),
    // Consumers tolerate already what passed a limit of an older version: it was listed when it did.
    ...history.flatMap((version) => compareEventOrStates('states', version, next)).filter(isBreaking),
  ];
}

/** Those of `compareContracts` that would break somebody: empty when `next` may take the place of `released`. */
export const findBreakingChanges = (
  released: ContractDocument,
  next: ContractDocument,
  older: readonly ContractDocument[] = [],
): ContractChange[] => compareContracts(released, next, older).filter(isBreaking);
