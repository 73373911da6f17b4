/**
 * Merges sorted lists into one of at most `limit` elements. Among equal elements, those of the earlier list come first.
 * It reads at most `limit` elements plus one of each list.
 */
export function mergeSorted<T>(
  lists: readonly (readonly T[])[],
  compare: (a: T, b: T) => number,
  limit: number,
): { readonly merged: T[]; readonly more: boolean } {
  const next = lists.map(() => 0);
  const merged: T[] = [];
  for (;;) {
    let best = -1;
    lists.forEach((list, index) => {
      const candidate = list[next[index] ?? 0];
      if (candidate === undefined) return;
      const leader = best < 0 ? undefined : lists[best]?.[next[best] ?? 0];
      if (leader === undefined || compare(candidate, leader) < 0) best = index;
    });
    const chosen = lists[best]?.[next[best] ?? 0];
    if (chosen === undefined) return { merged, more: false };
    if (merged.length === limit) return { merged, more: true };
    merged.push(chosen);
    next[best] = (next[best] ?? 0) + 1;
  }
}
