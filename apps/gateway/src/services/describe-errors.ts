import type { Problem } from '@stoa/contract-kit';
import type { ErrorObject } from 'ajv';

const FORMATS: Readonly<Record<string, string>> = {
  uuid: 'a UUID',
  email: 'an e-mail address',
  'date-time': 'a time in UTC such as 2026-01-31T12:00:00Z',
  date: 'a date such as 2026-01-31',
  uri: 'an absolute URL',
};

const TYPES: Readonly<Record<string, string>> = {
  integer: 'a whole number',
  number: 'a number',
  string: 'a string',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
};

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
const alternatives = (words: readonly string[]): string => words.join(words.length > 2 ? ', ' : ' or ');
const pointerPart = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

/** The value as the caller gave it, cut short; nothing of a secret one. */
function shown({ data, parentSchema }: ErrorObject): string {
  if (parentSchema?.['writeOnly'] === true) return '';
  const text = JSON.stringify(data) ?? 'nothing';
  return ` (it is ${text.length > 60 ? `${text.slice(0, 60)}…` : text})`;
}

/** True when one letter was left out, put in or changed. */
function differsByOneEdit(a: string, b: string): boolean {
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  return a.length - start - end <= 1 && b.length - start - end <= 1;
}

/** The known name that was probably meant. */
function closest(name: string, known: readonly string[]): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[_-]/g, '');
  return known.find((other) => differsByOneEdit(plain(name), plain(other)));
}

function unknownField(error: ErrorObject, name: string): string {
  const known = Object.keys((error.parentSchema?.['properties'] as object | undefined) ?? {});
  if (known.length === 0) return 'is not a field here: no fields are taken';
  const guess = closest(name, known);
  return `is not a field here${guess ? `; did you mean ${guess}?` : `; there are ${known.join(', ')}`}`;
}

function typeWords(type: unknown): string {
  const types = (Array.isArray(type) ? type : [type]) as string[];
  return alternatives(types.map((name) => TYPES[name] ?? name));
}

/** The one spelling of a number of the path or query string that was given in another. */
function rightSpelling({ data, params, parentSchema }: ErrorObject): string {
  if (typeof data !== 'string' || parentSchema?.['writeOnly'] === true || !/^-?\d/.test(data)) return '';
  const number = Number(data);
  const types = [params['type'] as string | string[]].flat();
  const isMeant = types.includes('number') || (types.includes('integer') && Number.isSafeInteger(number));
  return isMeant && Number.isFinite(number) && String(number) !== data ? `: write ${number}` : '';
}

function form(error: ErrorObject): string {
  const description = error.parentSchema?.['description'];
  return typeof description === 'string' ? `${description}, of the form ` : 'of the form ';
}

/** Sentence ends that follow the field's name, by JSON Schema keyword. */
const SENTENCES: Readonly<Record<string, (error: ErrorObject) => string>> = {
  type: (error) => `must be ${typeWords(error.params['type'])}${shown(error)}${rightSpelling(error)}`,
  enum: (error) =>
    `must be one of ${(error.params['allowedValues'] as unknown[]).map((value) => JSON.stringify(value)).join(', ')}${shown(error)}`,
  const: (error) => `must be ${JSON.stringify(error.params['allowedValue'])}${shown(error)}`,
  minimum: (error) => `must be at least ${error.params['limit']}${shown(error)}`,
  maximum: (error) => `must be at most ${error.params['limit']}${shown(error)}`,
  exclusiveMinimum: (error) => `must be more than ${error.params['limit']}${shown(error)}`,
  exclusiveMaximum: (error) => `must be less than ${error.params['limit']}${shown(error)}`,
  multipleOf: (error) => `must be a multiple of ${error.params['multipleOf']}${shown(error)}`,
  minLength: (error) => `must have at least ${plural(error.params['limit'] as number, 'character')}`,
  maxLength: (error) => `must have at most ${plural(error.params['limit'] as number, 'character')}`,
  minItems: (error) => `must have at least ${plural(error.params['limit'] as number, 'item')}`,
  maxItems: (error) => `must have at most ${plural(error.params['limit'] as number, 'item')}`,
  uniqueItems: () => 'must not have the same item twice',
  pattern: (error) => `must be ${form(error)}${error.params['pattern']}${shown(error)}`,
  format: (error) => `must be ${FORMATS[error.params['format'] as string] ?? error.params['format']}${shown(error)}`,
  anyOf: () => 'has none of the forms that are allowed here',
  oneOf: () => 'must have exactly one of the forms that are allowed here',
};

function describe(error: ErrorObject): Problem {
  const { keyword, instancePath, params } = error;
  if (keyword === 'required') {
    const name = params['missingProperty'] as string;
    return { pointer: `${instancePath}/${pointerPart(name)}`, detail: 'is missing: give it' };
  }
  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties') {
    const name = (params['additionalProperty'] ?? params['unevaluatedProperty']) as string;
    return { pointer: `${instancePath}/${pointerPart(name)}`, detail: unknownField(error, name) };
  }
  const sentence = SENTENCES[keyword];
  return { pointer: instancePath, detail: sentence ? sentence(error) : (error.message ?? 'is not allowed') };
}

/** "This or null" is described as "this"; of a choice of several, the errors of each branch would help nobody. */
function withoutNoise(errors: readonly ErrorObject[]): ErrorObject[] {
  let kept = [...errors];
  for (const choice of errors.filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf')) {
    const branches = (choice.schema as { type?: unknown }[]).filter(({ type }) => type !== 'null');
    const within = (error: ErrorObject): boolean => error.schemaPath.startsWith(`${choice.schemaPath}/`);
    const onlyNull = (error: ErrorObject): boolean => within(error) && error.params['type'] === 'null';
    const simple = branches.length === 1 && kept.some((error) => within(error) && !onlyNull(error));
    kept = simple
      ? kept.filter((error) => error !== choice && !onlyNull(error))
      : kept.filter((error) => error === choice || !within(error));
  }
  const formats = new Set(kept.filter(({ keyword }) => keyword === 'format').map(({ instancePath }) => instancePath));
  return kept.filter(({ keyword, instancePath }) => keyword !== 'pattern' || !formats.has(instancePath));
}

/** Ajv's errors as problems, each with its place (a JSON pointer into the input) and what to do about it. */
export function describeErrors(errors: readonly ErrorObject[]): Problem[] {
  const problems = withoutNoise(errors).map(describe);
  const seen = new Set<string>();
  return problems.filter(({ pointer, detail }) => {
    const line = `${pointer} ${detail}`;
    return !seen.has(line) && Boolean(seen.add(line));
  });
}
