const TOKEN =
  // JSON forbids control characters in strings.
  // oxlint-disable-next-line no-control-regex
  /[{}[\],:]|"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const SPACE = /[\t\n\r ]*/y;

type Expected = 'value' | 'value or end' | 'name' | 'name or end' | 'colon' | 'comma or end' | 'nothing';

/** The tokens that may follow a token; undefined when the token itself may not occur there. */
function after(token: string, expected: Expected, open: string[]): Expected | undefined {
  const ended = (): Expected => (open.length > 0 ? 'comma or end' : 'nothing');
  const closes = (bracket: string): boolean => open.at(-1) === bracket && expected.endsWith('or end');
  if (token === '}' || token === ']') {
    if (!closes(token)) return undefined;
    open.pop();
    return ended();
  }
  if (token === ',') return expected === 'comma or end' ? (open.at(-1) === '}' ? 'name' : 'value') : undefined;
  if (token === ':') return expected === 'colon' ? 'value' : undefined;
  if (expected === 'name' || expected === 'name or end') return token.startsWith('"') ? 'colon' : undefined;
  if (expected !== 'value' && expected !== 'value or end') return undefined;
  if (token === '{' || token === '[') {
    open.push(token === '{' ? '}' : ']');
    return token === '{' ? 'name or end' : 'value or end';
  }
  return ended();
}

/**
 * The index at which a text stops being JSON; its length when it only ends too early. It exists because V8 reports a
 * position for some faults and none for others. Only for texts that JSON.parse refused.
 */
export function jsonErrorIndex(text: string): number {
  const open: string[] = [];
  let expected: Expected = 'value';
  for (let index = 0; ;) {
    SPACE.lastIndex = index;
    index += SPACE.exec(text)?.[0].length ?? 0;
    TOKEN.lastIndex = index;
    const token: string | undefined = TOKEN.exec(text)?.[0];
    const next: Expected | undefined = token === undefined ? undefined : after(token, expected, open);
    if (token === undefined || next === undefined) return index;
    expected = next;
    index += token.length;
  }
}
