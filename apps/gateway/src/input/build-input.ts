import type { Problem } from '@stoa/contract-kit';
import { problem } from '../http/problem.js';
import type { Fields, Operation } from '../services/operation.js';
import { coerceText } from './coerce-text.js';
import { pointerTo } from './pointer.js';

type Params = Readonly<Record<string, string | undefined>>;
type Query = Readonly<Record<string, string | readonly string[]>>;

/** A request's input as it came, before it is put together. */
export interface InputParts {
  readonly params: Params;
  readonly query: Query;
  /** The JSON body, parsed; empty where the operation takes none. */
  readonly body: Fields;
}

function pathInput({ pathFields, properties }: Operation, params: Params): Fields {
  return Object.fromEntries(pathFields.map((name) => [name, coerceText(properties[name], params[name] ?? '')]));
}

/** Fields of the path, and `upload`, which the gateway adds, may not be given a second time. */
function givenTwice(operation: Operation, given: Iterable<string>): Problem[] {
  const problems: Problem[] = [];
  for (const name of given) {
    if (operation.pathFields.includes(name))
      problems.push({ pointer: pointerTo(name), detail: 'is in the path already: leave it out here' });
    else if (name === 'upload' && operation.document.upload)
      problems.push({ pointer: '/upload', detail: 'is the request body: leave it out here' });
  }
  return problems;
}

function queryInput({ properties }: Operation, query: Query): Fields {
  return Object.fromEntries(Object.entries(query).map(([name, value]) => [name, coerceText(properties[name], value)]));
}

function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw invalidInput(problems);
}

/** 400 with every field that is wrong. */
function invalidInput(problems: readonly Problem[]) {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more, see errors)` : '';
  const where = first && first.pointer !== '' ? first.pointer.slice(1) : 'The input';
  return problem('INVALID_INPUT', `${where} ${first?.detail ?? 'is wrong'}${more}`, { problems });
}

/** Postgres takes neither U+0000 nor half of a surrogate pair in a text, so no service could store them. */
function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed() && !value.includes('\0');
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every((entry) => entry.every(isStorable));
}

function refuseUnstorable(fields: Fields): void {
  const problems = Object.entries(fields)
    .filter((entry) => !entry.every(isStorable))
    .map(([name]) => ({
      pointer: pointerTo(name),
      detail: 'must not contain the character U+0000 or half a character',
    }));
  refuse(problems);
}

/**
 * The flat input of an operation: path fields, then those of the query string (GET, DELETE, uploads) or of the body. It
 * is not validated yet.
 * @throws HttpProblem 400 for a field that is given twice, or in the wrong place
 */
export function buildInput(operation: Operation, { params, query, body }: InputParts): Fields {
  if (operation.takesQueryString) {
    refuse(givenTwice(operation, Object.keys(query)));
    const input = { ...queryInput(operation, query), ...pathInput(operation, params) };
    refuseUnstorable(input);
    return input;
  }
  refuse(
    Object.keys(query).map((name) => ({
      pointer: pointerTo(name),
      detail: 'belongs into the body, not the query string',
    })),
  );
  refuse(givenTwice(operation, Object.keys(body)));
  return operation.pathFields.length === 0 ? body : { ...body, ...pathInput(operation, params) };
}

/** The input as it travels: the bytes of the body as they came where nothing was added. */
export function inputBytes(operation: Operation, input: Fields, body: Buffer | undefined): Buffer | string {
  const asCame = body && body.length > 0 && !operation.takesQueryString && operation.pathFields.length === 0;
  return asCame ? body : JSON.stringify(input);
}

/** The escapes in which JSON writes what can't be stored. */
const ESCAPES = ['\\u0000', '\\ud', '\\uD'];

/** @throws HttpProblem 400 with a pointer to each wrong field */
export function validateInput(operation: Operation, input: Fields, bytes: Buffer | string): void {
  const text = typeof bytes === 'string' ? bytes : undefined;
  const size = text?.length ?? bytes.length;
  refuse(operation.validate(input, size));
  // Escapes are looked for first: they are very rare, and a walk through every text costs CPU.
  if (!operation.takesQueryString && ESCAPES.some((escape) => bytes.includes(escape))) refuseUnstorable(input);
}
