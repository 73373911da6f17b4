export const LF = 0x0a;
export const CR = 0x0d;
const UTF8_BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/** Where a reader is in a file: bytes from its start, and the line (from 1) that begins or goes on there. */
export interface Place {
  readonly offset: number;
  readonly line: number;
}

/** A file's first byte. */
export const START: Place = { offset: 0, line: 1 };

/** The line breaks in a part of a buffer: LF, CR LF and CR count as one each. */
export function countLineBreaks(buffer: Buffer, start: number, end: number): number {
  let breaks = 0;
  for (let at = start; at < end; at++) {
    if (buffer[at] === LF || (buffer[at] === CR && buffer[at + 1] !== LF)) breaks++;
  }
  return breaks;
}

/** How many bytes a byte order mark takes at the start of a file; 0 without one. */
export const bomLength = (head: Buffer): number => (head.subarray(0, 3).equals(UTF8_BOM) ? 3 : 0);

/**
 * Why a file can't be UTF-8, seen from its first bytes; null when they don't show it. Catches UTF-16 and UTF-32, which
 * look like UTF-8 with NUL characters to a decoder.
 */
export function foreignEncoding(head: Buffer): string | null {
  const [first, second] = head;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return 'The file is UTF-16 (line 1, byte 1: its byte order mark). Save it as UTF-8.';
  }
  const nul = head.indexOf(0);
  if (nul === -1) return null;
  return `Line ${1 + countLineBreaks(head, 0, nul)}, byte ${nul + 1} is a NUL: the file is UTF-16 or no text. Save it as UTF-8.`;
}
