import { compareContracts } from '../compatibility/compare-contracts.js';
import { type ContractChange, describeChange } from '../compatibility/contract-change.js';
import { findOutputLimits } from '../compatibility/output-limits.js';
import { findRouteConflicts } from '../compatibility/route-conflicts.js';
import type { ContractDocument } from '../document/contract-document.js';
import { type ContractFolder, openContracts } from './contract-folder.js';
import { type Consumers, findConsumers } from './find-consumers.js';

export interface Outcome {
  /** Lines for whoever ran the command. */
  readonly lines: readonly string[];
  readonly ok: boolean;
}

/** Writes every contract.json anew. */
export async function snapshot(root: string): Promise<Outcome> {
  const contracts = await openContracts(root);
  const lines = await Promise.all(
    contracts.map(async (contract) => {
      const changed = (await contract.snapshot()) !== contract.text;
      if (changed) await contract.writeSnapshot();
      return `${contract.document.service}: version ${contract.document.version}, ${changed ? 'written' : 'unchanged'}`;
    }),
  );
  return { lines, ok: true };
}

/** A contract against its snapshot and its released versions. */
interface Verdict {
  /** Reasons to refuse it, a line each. */
  readonly problems: readonly string[];
  /** It is compatible, with each change that concerns anybody. */
  readonly lines: readonly string[];
}

/** Who reads what an operation answers or an event holds, beside the packages of this repository. */
function readersOutside({ operations, events }: ContractDocument, name: string): string[] {
  const { http } = operations[name] ?? {};
  const { invalidates, endsSessions, endsEarlierSessions } = events[name] ?? {};
  return [
    ...(http ? [`clients of ${http.method} ${http.path}`] : []),
    ...(invalidates || endsSessions || endsEarlierSessions ? ['the gateway'] : []),
  ];
}

function describeTolerated(change: ContractChange, document: ContractDocument, consumers: Consumers): string {
  const name = change.where.slice(document.service.length + 1);
  const readers = [...readersOutside(document, name), ...(consumers.get(name) ?? [])];
  return `${describeChange(change)} (${readers.join(', ') || 'no consumer in this repository'})`;
}

async function linesOf(
  root: string,
  { document, imported }: ContractFolder,
  last: ContractDocument | undefined,
  changes: readonly ContractChange[],
): Promise<string[]> {
  const { service, version } = document;
  const since = last && version > last.version ? `, a minor change of version ${last.version}` : '';
  const consumers: Consumers = changes.length > 0 ? await findConsumers(root, document, imported) : new Map();
  const described = changes.map((change) =>
    change.effect === 'tolerate' ? describeTolerated(change, document, consumers) : describeChange(change),
  );
  return [`${service}: version ${version} is compatible${since}`, ...described.map((line) => `  ${line}`)];
}

async function judge(root: string, contract: ContractFolder): Promise<Verdict> {
  const { document, text } = contract;
  const committed = await contract.snapshot();
  const stale = committed === undefined ? 'is missing' : 'is not what the contract says';
  const isStale = committed !== text;
  const [last, ...older] = await contract.released();
  const changes = last ? compareContracts(last, document, older) : [];
  const breaking = changes.filter(({ effect }) => effect === 'breaking');
  return {
    problems: [
      ...(isStale ? [`${document.service}: contract.json ${stale}: run "npm run contracts -- snapshot"`] : []),
      ...breaking.map(describeChange),
      ...findOutputLimits(document),
    ],
    lines: await linesOf(root, contract, last, changes),
  };
}

/** Compares every contract with its snapshot and with the released versions, and their routes with each other's. */
export async function check(root: string): Promise<Outcome> {
  const contracts = await openContracts(root);
  const verdicts = await Promise.all(contracts.map((contract) => judge(root, contract)));
  const problems = verdicts.flatMap((verdict) => verdict.problems);
  problems.push(...findRouteConflicts(contracts.map(({ document }) => document)));
  if (problems.length > 0) return { lines: problems, ok: false };
  return { lines: verdicts.flatMap(({ lines }) => lines), ok: true };
}

/** Keeps what was checked as released: from then on it is what newer contracts are compared with. */
export async function release(root: string): Promise<Outcome> {
  const checked = await check(root);
  if (!checked.ok) return checked;
  const lines: string[] = [];
  for (const contract of await openContracts(root)) {
    const { service, version } = contract.document;
    const [last] = await contract.released();
    if (last?.version === version) continue;
    await contract.writeRelease();
    lines.push(`${service}: version ${version} released`);
  }
  return { lines: lines.length > 0 ? lines : ['every contract is released already'], ok: true };
}
