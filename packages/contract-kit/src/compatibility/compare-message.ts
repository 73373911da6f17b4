import type { FactDocument } from '../document/to-document.js';
import type { BreakingChange } from './contract-change.js';
import { whyNotIncluded } from '../schemas/inclusion.js';

/** An event or a state in two versions of its contract. */
export interface FactVersions {
  readonly where: string;
  readonly before: FactDocument;
  readonly after: FactDocument;
  /** The contract versions that the two are from. */
  readonly from: number;
  readonly to: number;
}

/** Consumers of each version read records of the other: those in the topic from before, and those of newer clones. */
export function compareFact({ where, before, after, from, to }: FactVersions): BreakingChange[] {
  const change = (path: string, reason: string): BreakingChange => ({ where, path: `data ${path}`.trim(), reason });
  const forward = whyNotIncluded({ inner: after.data, outer: before.data, newer: 'inner' });
  const backward = whyNotIncluded({ inner: before.data, outer: after.data, newer: 'outer' });
  const key =
    before.key === after.key
      ? []
      : [
          {
            where,
            path: 'key',
            reason: `changed from ${before.key} to ${after.key}: records of one thing would lose their order`,
          },
        ];
  return [
    ...key,
    ...forward.map(({ path, what }) =>
      change(path, `${what}: consumers of version ${from} would get what they don't expect`),
    ),
    ...backward.map(({ path, what }) =>
      change(path, `${what}: records of version ${from} in the topic would be wrong for consumers of version ${to}`),
    ),
  ];
}
