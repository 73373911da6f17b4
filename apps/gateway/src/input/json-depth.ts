/**
 * Objects and lists within each other, the body itself counted: some four times what a contract has. What walks through
 * a value (Ajv, JSON.stringify) calls itself once a level, and thousands of levels end the stack.
 */
export const MOST_LEVELS = 32;

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OBJECT, OBJECT_END] = [0x7b, 0x7d];
const [LIST, LIST_END] = [0x5b, 0x5d];

/** A field of the body that holds a value which is nested too deep; undefined where the body itself is no object. */
export interface TooDeep {
  readonly field: string | undefined;
}

/** The index behind the string that begins at a quote. */
function endOfString(json: Buffer, start: number): number {
  let index = start + 1;
  for (let byte = json[index]; byte !== undefined && byte !== QUOTE; byte = json[index])
    index += byte === BACKSLASH ? 2 : 1;
  return index + 1;
}

function textOf(json: Buffer): string | undefined {
  try {
    return JSON.parse(json.toString()) as string;
  } catch {
    return undefined;
  }
}

/** Looks, before a parser does, for a value that is nested too deep in bytes that should be JSON. */
export function findTooDeep(json: Buffer): TooDeep | undefined {
  if (json.length <= MOST_LEVELS) return undefined;
  let level = 0;
  // Of the last string that the body itself holds: the name of the field that the rest is in.
  let name: readonly [start: number, end: number] | undefined;
  for (let index = 0; index < json.length; index++) {
    const byte = json[index]!;
    if (byte === QUOTE) {
      const end = endOfString(json, index);
      if (level === 1) name = [index, end];
      index = end - 1;
    } else if (byte === OBJECT || byte === LIST) {
      if (++level > MOST_LEVELS) return { field: name && textOf(json.subarray(...name)) };
    } else if (byte === OBJECT_END || byte === LIST_END) level--;
  }
  return undefined;
}
