/** Statements beyond so many texts are sent unnamed: texts that vary would fill the server's memory. */
const MAX_NAMES = 500;

const names = new Map<string, string>();

/**
 * The name of a statement's text, the same for all sessions of this process, so that each session plans it once.
 * Undefined when there are too many texts already.
 */
export function statementName(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= MAX_NAMES) return known;
  const name = `stoa_${names.size}`;
  names.set(text, name);
  return name;
}
