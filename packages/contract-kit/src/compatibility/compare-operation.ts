import type { ContractDocument, OperationDocument } from '../document/to-document.js';
import type { BreakingChange } from './contract-change.js';
import { whyNotIncluded } from '../schemas/inclusion.js';
import { canonical } from '../schemas/meaning.js';

/** Versions of the same contract, and an operation of it in both. */
interface Versions {
  readonly where: string;
  readonly released: ContractDocument;
  readonly next: ContractDocument;
  readonly before: OperationDocument;
  readonly after: OperationDocument;
}

const routeOf = ({ http }: OperationDocument): string | undefined => http && `${http.method} ${http.path}`;

/** Properties whose every change breaks someone, with whom. */
function compareRules({ where, before, after }: Versions): BreakingChange[] {
  const rules: readonly (readonly [string, unknown, unknown, string])[] = [
    ['kind', before.kind, after.kind, 'requests in flight go to the other topic'],
    ['caller', before.caller, after.caller, 'who could call may be refused, or who must not may get in'],
    ['key', before.key, after.key, 'clones of both versions would look for the same data in different buckets'],
    ['status', before.status, after.status, 'clients look for the status that was promised'],
    ['upload types', before.upload && true, after.upload && true, 'requests would be read in another way'],
    ['download', before.download && true, after.download && true, 'answers would be read in another way'],
  ];
  const changed = rules.filter(([, old, now]) => old !== now);
  return changed.map(([what, old, now, why]) => ({
    where,
    path: what,
    reason: `changed from ${old ?? 'none'} to ${now ?? 'none'}: ${why}`,
  }));
}

/** What was promised to clients over HTTP and may be promised anew, but not taken back. */
function comparePromises({ where, before, after }: Versions): BreakingChange[] {
  const taken = (path: string, old: string | undefined, now: string | undefined, why: string): BreakingChange[] =>
    old === undefined || old === now
      ? []
      : [{ where, path, reason: `${now === undefined ? 'was removed' : `changed from ${old} to ${now}`}: ${why}` }];
  const types = before.upload?.contentTypes.filter((type) => after.upload && !after.upload.contentTypes.includes(type));
  const shrunk = before.upload && after.upload && after.upload.maxBytes < before.upload.maxBytes;
  return [
    ...taken('route', routeOf(before), routeOf(after), 'clients call the route that was promised'),
    ...taken('etag', before.etag, after.etag, 'clients that kept a version would not find it again'),
    ...taken('location', before.location, after.location, 'clients follow it'),
    ...taken(
      'ifMatch',
      before.ifMatch ? 'honoured' : undefined,
      after.ifMatch ? 'honoured' : undefined,
      'writes would pass over changes that the client never saw',
    ),
    ...(types ?? []).map((type) => ({
      where,
      path: 'upload',
      reason: `${type} was removed: uploads that were right would be refused`,
    })),
    ...(shrunk ? [{ where, path: 'upload', reason: 'maxBytes fell: uploads that were right would be refused' }] : []),
  ];
}

function compareErrors({ where, before, after }: Versions): BreakingChange[] {
  return Object.entries(before.errors).flatMap(([code, status]) => {
    const now = after.errors[code];
    if (now === status) return [];
    const what = now === undefined ? 'was removed' : `its status changed from ${status} to ${now}`;
    const why =
      now === undefined
        ? 'clones of the version before still answer it'
        : 'clients look for the status that was promised';
    return [{ where, path: `error ${code}`, reason: `${what}: ${why}` }];
  });
}

/**
 * New clones must take what old senders send. New senders may use what only new clones take, if the operation's `since`
 * grows: clones of the version before then refuse it as UNSUPPORTED_CONTRACT_VERSION instead of misreading it.
 */
function compareInput({ where, released, next, before, after }: Versions): BreakingChange[] {
  const backward = whyNotIncluded({ inner: before.input, outer: after.input, newer: 'outer' }).map(
    ({ path, what }) => ({
      where,
      path: `input ${path}`.trim(),
      reason: `${what}: requests that were right would be refused`,
    }),
  );
  if (after.since > released.version && after.since <= next.version) return backward;
  const forward = whyNotIncluded({ inner: after.input, outer: before.input, newer: 'inner' }).map(({ path, what }) => ({
    where,
    path: `input ${path}`.trim(),
    reason: `${what}: clones of version ${released.version} would refuse such requests as wrong; raise its \`since\` to ${next.version}`,
  }));
  return [...backward, ...forward];
}

function compareOutput({ where, released, next, before, after }: Versions): BreakingChange[] {
  const change = (path: string, reason: string): BreakingChange => ({ where, path: `output ${path}`.trim(), reason });
  const forward = whyNotIncluded({ inner: after.output, outer: before.output, newer: 'inner' });
  const backward = whyNotIncluded({ inner: before.output, outer: after.output, newer: 'outer' });
  return [
    ...forward.map(({ path, what }) =>
      change(path, `${what}: callers of version ${released.version} would get what they don't expect`),
    ),
    ...backward.map(({ path, what }) =>
      change(
        path,
        `${what}: callers of version ${next.version} would not get it from clones of version ${released.version}`,
      ),
    ),
  ];
}

function compareSince({ where, before, after, next }: Versions): BreakingChange[] {
  if (after.since >= before.since && after.since <= next.version) return [];
  const limit =
    after.since < before.since ? `fell from ${before.since}` : `is above the contract's version ${next.version}`;
  return [
    { where, path: 'since', reason: `${after.since} ${limit}: no clone could tell whether it knows the request` },
  ];
}

/** What of an operation's change breaks senders or clones one version away. */
export function compareOperation(versions: Versions): BreakingChange[] {
  if (canonical(versions.before) === canonical(versions.after)) return [];
  return [compareRules, comparePromises, compareErrors, compareSince, compareInput, compareOutput].flatMap((compare) =>
    compare(versions),
  );
}
