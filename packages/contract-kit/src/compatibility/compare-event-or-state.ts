import type { MessageDocument } from '../document/contract-document.js';
import { whyNotIncluded } from '../schemas/inclusion.js';
import { type ContractChange, pathOf } from './contract-change.js';

/** An event or a state in two versions of its contract. */
export interface MessageVersions {
  readonly where: string;
  readonly before: MessageDocument;
  readonly after: MessageDocument;
  /** The contract versions that the two are from. */
  readonly from: number;
  readonly to: number;
}

function compareKeys({ where, before, after }: MessageVersions): ContractChange[] {
  if (before.key === after.key) return [];
  const reason = `changed from ${before.key} to ${after.key}: records of one key would lose their order`;
  return [{ where, path: 'key', reason, effect: 'breaking' }];
}

function compareTopics({ where, before, after }: MessageVersions): ContractChange[] {
  if (before.topic === after.topic) return [];
  const reason = `changed from ${before.topic ?? 'none'} to ${after.topic ?? 'none'}: consumers read the other one`;
  return [{ where, path: 'topic', reason, effect: 'breaking' }];
}

/** Consumers of each version read records of the other: those in the topic from before, and those of newer clones. */
export function compareEventOrState(versions: MessageVersions): ContractChange[] {
  const { where, before, after, from, to } = versions;
  const forward = whyNotIncluded({ inner: after.data, outer: before.data, newer: 'inner' }).map(
    ({ path, what, isLimit }): ContractChange => ({
      where,
      path: pathOf('data', path),
      reason: isLimit
        ? `${what}: consumers of version ${from} must tolerate it`
        : `${what}: consumers of version ${from} would get what they don't expect`,
      effect: isLimit ? 'tolerate' : 'breaking',
    }),
  );
  const backward = whyNotIncluded({ inner: before.data, outer: after.data, newer: 'outer' }).map(
    ({ path, what }): ContractChange => ({
      where,
      path: pathOf('data', path),
      reason: `${what}: records of version ${from} in the topic would be wrong for consumers of version ${to}`,
      effect: 'breaking',
    }),
  );
  return [...compareKeys(versions), ...compareTopics(versions), ...forward, ...backward];
}
