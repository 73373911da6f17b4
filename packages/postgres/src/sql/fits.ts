const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;
const ISO_IN_UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z$/;

/** Date.parse takes the 30th of February for the 1st of March; Postgres takes it for an error. */
function isMoment(text: string): boolean {
  const time = ISO_IN_UTC.test(text) ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text.slice(0, 19));
}

/**
 * Whether Postgres casts a value to a type without an error. What a caller can forge, such as the place that a cursor
 * names, has to be refused before it gets to a statement: there it would be a failure of the service.
 */
export const fits = {
  /** In ISO 8601 and UTC. There is no year 0 in Postgres. */
  timestamptz: (text: string): boolean => !text.startsWith('0000') && isMoment(text),
  uuid: (text: string): boolean => UUID.test(text),
  bigint: (text: string): boolean => /^-?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text),
  text: (text: string): boolean => !text.includes('\0') && text.isWellFormed(),
  /** Too large a number is an error, and so is one that would become zero. */
  real: (number: number): boolean =>
    Number.isFinite(Math.fround(number)) && (number === 0 || Math.fround(number) !== 0),
} as const;
