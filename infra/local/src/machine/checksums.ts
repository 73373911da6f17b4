import { createHash } from 'node:crypto';

/**
 * What differs between files and their list, in the form of sha256sum: `‹hex›  ‹name›` a line.
 * @param files contents by name; the list must name each, and no other
 */
export function checksumFaults(list: string, files: ReadonlyMap<string, Buffer>): string[] {
  const wanted = new Map(
    list.split('\n').flatMap((line) => {
      const [, sum, name] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
      return sum !== undefined && name !== undefined ? [[name, sum] as const] : [];
    }),
  );
  const missing = [...wanted.keys()].filter((name) => !files.has(name)).map((name) => `${name} is missing`);
  const wrong = [...files].flatMap(([name, bytes]) => {
    const sum = wanted.get(name);
    if (sum === undefined) return [`${name} is not in the list`];
    const is = createHash('sha256').update(bytes).digest('hex');
    return is === sum ? [] : [`${name} has the checksum ${is}, not ${sum}`];
  });
  return [...missing, ...wrong];
}
