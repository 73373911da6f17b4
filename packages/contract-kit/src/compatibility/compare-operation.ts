import type { ContractDocument, OperationDocument } from '../document/contract-document.js';
import { whyNotIncluded } from '../schemas/inclusion.js';
import { canonical } from '../schemas/meaning.js';
import { type ContractChange, pathOf } from './contract-change.js';

/** Versions of the same contract, and an operation of it in both. */
interface Versions {
  readonly where: string;
  readonly released: ContractDocument;
  readonly next: ContractDocument;
  readonly before: OperationDocument;
  readonly after: OperationDocument;
}

const routeOf = ({ http }: OperationDocument): string | undefined => http && `${http.method} ${http.path}`;

/** One that breaks somebody. */
const breaking = (where: string, path: string, reason: string): ContractChange => ({
  where,
  path,
  reason,
  effect: 'breaking',
});

/** Properties whose every change breaks someone, with whom. */
function compareRules({ where, before, after }: Versions): ContractChange[] {
  const rules: readonly (readonly [string, unknown, unknown, string])[] = [
    ['kind', before.kind, after.kind, 'requests in flight go to the other topic'],
    ['caller', before.caller, after.caller, 'who could call may be refused, or who must not may get in'],
    ['key', before.key, after.key, 'clones of both versions would look for the same data in different buckets'],
    ['status', before.status, after.status, 'clients look for the status that was promised'],
    ['service', before.service, after.service, 'who could call is refused, or who must not gets in'],
    ['rawBody', before.rawBody && true, after.rawBody && true, 'requests would be read in another way'],
    ['upload types', before.upload && true, after.upload && true, 'requests would be read in another way'],
    ['download', before.download && true, after.download && true, 'replies would be read in another way'],
  ];
  const changed = rules.filter(([, old, now]) => old !== now);
  return changed.map(([rule, old, now, why]) =>
    breaking(where, rule, `changed from ${old ?? 'none'} to ${now ?? 'none'}: ${why}`),
  );
}

/**
 * Before there were roles every operator was an owner: the first role of an operation refuses nobody. Any other change
 * of it does, or lets somebody in.
 */
function compareRole({ where, before, after }: Versions): ContractChange[] {
  if (before.role === after.role) return [];
  if (before.role === undefined) {
    const reason = `is ${after.role} now: operators who are neither that nor owners are refused`;
    return [{ where, path: 'role', reason, effect: 'tolerate' }];
  }
  const to = after.role ?? 'any';
  const reason = `changed from ${before.role} to ${to}: who could call may be refused, or who must not may get in`;
  return [breaking(where, 'role', reason)];
}

/** Promises to clients over HTTP: new ones may be made, none may be taken back. */
function comparePromises({ where, before, after }: Versions): ContractChange[] {
  const taken = (path: string, old: string | undefined, now: string | undefined, why: string): ContractChange[] =>
    old === undefined || old === now
      ? []
      : [breaking(where, path, `${now === undefined ? 'was removed' : `changed from ${old} to ${now}`}: ${why}`)];
  const ifMatch = ({ ifMatch: is }: OperationDocument): string | undefined => (is ? 'honoured' : undefined);
  const durable = (operation: OperationDocument): string | undefined => (operation.durable ? 'promised' : undefined);
  return [
    ...taken('route', routeOf(before), routeOf(after), 'clients call the route that was promised'),
    ...taken('etag', before.etag, after.etag, 'clients that kept a version would not find it again'),
    ...taken('location', before.location, after.location, 'clients follow it'),
    ...taken('ifMatch', ifMatch(before), ifMatch(after), 'writes would pass over changes that the client never saw'),
    ...taken('durable', durable(before), durable(after), 'nobody would take up the requests that are kept'),
  ];
}

function compareUploads({ where, before: { upload: old }, after: { upload: now } }: Versions): ContractChange[] {
  if (!old || !now) return [];
  const refused = old.contentTypes.filter((type) => !now.contentTypes.includes(type));
  const changes = refused.map((type) => `${type} was removed`);
  if (now.maxBytes < old.maxBytes) changes.push('maxBytes fell');
  return changes.map((change) => breaking(where, 'upload', `${change}: uploads that were right would be refused`));
}

function compareRawBodies({ where, before: { rawBody: old }, after: { rawBody: now } }: Versions): ContractChange[] {
  if (!old || !now) return [];
  const gone = old.headers.filter((name) => !now.headers.includes(name));
  const changes = gone.map((name) => `${name} was removed: clones of the version before need it`);
  if (now.maxBytes < old.maxBytes) changes.push('maxBytes fell: bodies that were right would be refused');
  return changes.map((change) => breaking(where, 'rawBody', change));
}

function compareErrors({ where, before, after }: Versions): ContractChange[] {
  return Object.entries(before.errors).flatMap(([code, status]) => {
    const now = after.errors[code];
    if (now === status) return [];
    const reason =
      now === undefined
        ? 'was removed: clones of the version before still answer it'
        : `its status changed from ${status} to ${now}: clients look for the status that was promised`;
    return [breaking(where, `error ${code}`, reason)];
  });
}

/**
 * New clones must take what old senders send. New senders may use what only new clones take, if the operation's `since`
 * grows: clones of the version before then refuse it as UNSUPPORTED_CONTRACT_VERSION instead of misreading it.
 */
function compareInput({ where, released, next, before, after }: Versions): ContractChange[] {
  const backward = whyNotIncluded({ inner: before.input, outer: after.input, newer: 'outer' }).map(({ path, what }) =>
    breaking(where, pathOf('input', path), `${what}: requests that were right would be refused`),
  );
  const isRaised = after.since > released.version && after.since <= next.version;
  const older = `clones of version ${released.version}`;
  const forward = whyNotIncluded({ inner: after.input, outer: before.input, newer: 'inner' }).map(
    ({ path, what }): ContractChange => ({
      where,
      path: pathOf('input', path),
      reason: isRaised
        ? `${what}: safe, ${older} refuse such requests as UNSUPPORTED_CONTRACT_VERSION`
        : `${what}: ${older} would refuse such requests as wrong; raise its \`since\` to ${next.version}`,
      effect: isRaised ? 'safe' : 'breaking',
    }),
  );
  return [...backward, ...forward];
}

function compareOutput({ where, released, next, before, after }: Versions): ContractChange[] {
  const callers = `callers of version ${released.version}`;
  const forward = whyNotIncluded({ inner: after.output, outer: before.output, newer: 'inner' }).map(
    ({ path, what, isLimit }): ContractChange => ({
      where,
      path: pathOf('output', path),
      reason: isLimit ? `${what}: ${callers} must tolerate it` : `${what}: ${callers} would get what they don't expect`,
      effect: isLimit ? 'tolerate' : 'breaking',
    }),
  );
  const missing = `callers of version ${next.version} would not get it from clones of version ${released.version}`;
  const backward = whyNotIncluded({ inner: before.output, outer: after.output, newer: 'outer' }).map(({ path, what }) =>
    breaking(where, pathOf('output', path), `${what}: ${missing}`),
  );
  return [...forward, ...backward];
}

function compareSince({ where, before, after, next }: Versions): ContractChange[] {
  if (after.since >= before.since && after.since <= next.version) return [];
  const limit =
    after.since < before.since ? `fell from ${before.since}` : `is above the contract's version ${next.version}`;
  return [breaking(where, 'since', `${after.since} ${limit}: no clone could say whether it knows the request`)];
}

const COMPARISONS = [
  compareRules,
  compareRole,
  comparePromises,
  compareUploads,
  compareRawBodies,
  compareErrors,
  compareSince,
  compareInput,
  compareOutput,
];

/** How an operation's change concerns senders and clones one version apart. */
export function compareOperation(versions: Versions): ContractChange[] {
  if (canonical(versions.before) === canonical(versions.after)) return [];
  return COMPARISONS.flatMap((compare) => compare(versions));
}
