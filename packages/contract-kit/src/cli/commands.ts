import { describeChange } from '../compatibility/contract-change.js';
import { findBreakingChanges } from '../compatibility/find-breaking-changes.js';
import { findRouteConflicts } from '../compatibility/route-conflicts.js';
import { type ContractFolder, openContracts } from './contract-folder.js';

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

async function problemsOf(contract: ContractFolder): Promise<string[]> {
  const { service } = contract.document;
  const committed = await contract.snapshot();
  const stale = committed === undefined ? 'is missing' : 'is not what the contract says';
  const problems =
    committed === contract.text ? [] : [`${service}: contract.json ${stale}: run "npm run contracts -- snapshot"`];
  const [last, ...older] = await contract.released();
  if (!last) return problems;
  return [...problems, ...findBreakingChanges(last, contract.document, older).map(describeChange)];
}

/** Compares every contract with its snapshot and with the released versions, and their routes with each other's. */
export async function check(root: string): Promise<Outcome> {
  const contracts = await openContracts(root);
  const problems = (await Promise.all(contracts.map(problemsOf))).flat();
  problems.push(...findRouteConflicts(contracts.map(({ document }) => document)));
  if (problems.length > 0) return { lines: problems, ok: false };
  const lines = contracts.map(({ document }) => `${document.service}: version ${document.version} is compatible`);
  return { lines, ok: true };
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
