/** Why a value of the one schema may be wrong for the other. */
export interface Finding {
  /** JSON pointer of the field, `*` standing for any item of a list or any name of a map; empty for the whole. */
  readonly path: string;
  /** The difference, described from the older schema to the newer. */
  readonly what: string;
  /** True: the value is of the right type and above the lower bounds; it passes an upper limit, or breaks a pattern. */
  readonly isLimit?: boolean;
}

/** Which of two compared schemas is the newer one. */
export type Newer = 'inner' | 'outer';

const show = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** Describes the values that two schemas have for a keyword, from the older to the newer: `fell from 999 to 99`. */
export function wording(newer: Newer, inner: unknown, outer: unknown): string {
  const [before, after] = newer === 'inner' ? [outer, inner] : [inner, outer];
  if (before === undefined) return `${show(after)} was added`;
  if (after === undefined) return `${show(before)} was dropped`;
  const numbers = typeof before === 'number' && typeof after === 'number';
  const verb = numbers ? (after > before ? 'rose' : 'fell') : 'changed';
  return `${verb} from ${show(before)} to ${show(after)}`;
}
