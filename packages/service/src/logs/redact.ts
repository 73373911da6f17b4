const SECRET_NAME =
  /pass(word|wd)?$|secret|token$|authorization|cookie|credential|private.?key|api.?key|(^|_)url$|databaseurl|redisurl/i;
const REDACTED = '[redacted]';
const MAX_DEPTH = 6;

/** True for names whose values must not be logged: passwords, tokens, cookies, and URLs of servers (with passwords). */
export const isSecretName = (name: string): boolean => SECRET_NAME.test(name);

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** A copy without the values of secret names; errors, dates and class instances stay as they are. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  if (!isPlain(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      isSecretName(name) && field !== undefined && field !== null ? REDACTED : redact(field, depth + 1),
    ]),
  );
}

/** A text without passwords in URLs and bearer tokens, as error messages and dumped headers carry them. */
export function scrub(line: string): string {
  const withoutPasswords = line.includes('://') ? line.replace(/(:\/\/[^\s:/@"]*:)[^\s/"]*@/g, `$1${REDACTED}@`) : line;
  return withoutPasswords.includes('earer ')
    ? withoutPasswords.replace(/([Bb]earer )[\w.~+/=-]+/g, `$1${REDACTED}`)
    : withoutPasswords;
}
