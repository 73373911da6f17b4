import { causesOf, codeOf, ConnectionLost, type Fault } from './errors.js';
import { prismaFault, prismaState } from './prisma.js';

/** Faults by SQLSTATE, or by its class (the first two characters) where the state itself is not listed. */
const BY_STATE = new Map<string, Fault>([
  ['08', 'server'], // connection
  ['0A', 'work'], // not supported
  ['21', 'work'], // more rows than one
  ['22', 'work'], // data
  ['23', 'work'], // constraint
  ['25006', 'server'], // read-only: a standby that is not promoted yet
  ['25P03', 'transient'], // idle_in_transaction_session_timeout: the process was frozen for a while
  ['25P04', 'transient'], // transaction_timeout
  ['28', 'operator'], // wrong password, no such role
  ['3D', 'operator'], // no such database
  ['40', 'transient'], // serialization, deadlock
  ['42', 'work'], // syntax, or no such table
  ['42501', 'operator'], // a grant is missing
  ['44', 'work'], // the check of a view
  ['53', 'server'], // disk or memory full, too many connections
  ['54', 'work'], // a limit of statements or rows
  ['55', 'transient'],
  ['55000', 'server'], // recovery is under way
  ['57', 'server'], // stops, starts, has crashed
  ['57014', 'transient'], // statement_timeout: a slow moment
  ['58', 'server'], // input and output
  ['P0', 'work'], // raised by a function
  ['SH', 'work'],
  ['SH001', 'transient'], // the bucket is on another shard
  ['SH002', 'transient'], // the bucket is being moved
  ['XX000', 'transient'], // what the server did not expect: "tuple concurrently updated"
]);

/** SQLSTATEs only: few classes begin with a letter, so that no code of a service or of Prisma matches. */
const STATE = /^(?:\d[0-9A-Z]{4}|(?:F0|P0|SH|XX)\d{3}|HV\d{2}[0-9A-Z])$/;

/** The SQLSTATE of an error that the server sent; undefined for any other error. */
export function stateOf(error: unknown): string | undefined {
  const code = codeOf(error);
  return code !== undefined && STATE.test(code) ? code : undefined;
}

const UNREACHABLE = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT'],
  ...['ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'ENOENT'],
]);

/**
 * Other system errors: no file handles or memory left, no permission. Node names the call that failed. Codes of
 * business errors may begin with the same letter (EMAIL_TAKEN).
 */
const isOfSystem = (error: unknown, code: string): boolean =>
  code.startsWith('E') && error instanceof Error && 'syscall' in error;

/** Beginnings of pg's own messages when a connection broke or could not be opened: they carry no code. */
const WITHOUT_CODE = [
  'Connection terminated',
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Query read timeout',
  'Client was closed',
  'Client has encountered a connection error',
  'Cannot use a pool after calling end',
];

const faultOfState = (state: string): Fault => BY_STATE.get(state) ?? BY_STATE.get(state.slice(0, 2)) ?? 'unknown';

/** True once for each session that had prepared a statement on a table which a migration changed since. */
export const isStalePlan = (error: unknown, state = stateOf(error)): boolean =>
  state === '0A000' && error instanceof Error && error.message.startsWith('cached plan must not change');

/** The fault of one error without its causes; undefined when it is about neither a database nor the network. */
function ownFault(error: unknown): Fault | undefined {
  const code = codeOf(error);
  const state = stateOf(error) ?? prismaState(error);
  if (isStalePlan(error, state)) return 'transient';
  const known = state === undefined ? prismaFault(error) : faultOfState(state);
  if (error instanceof ConnectionLost) return known === 'operator' ? known : 'server';
  if (known !== undefined) return known;
  if (code !== undefined && UNREACHABLE.has(code)) return 'server';
  if (code !== undefined && isOfSystem(error, code)) return 'unknown';
  if (code?.startsWith('UND_ERR_')) return 'transient'; // of fetch
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'transient';
  if (code !== undefined) return undefined;
  return WITHOUT_CODE.some((words) => error.message.startsWith(words)) ? 'server' : undefined;
}

/** The fault of an error. The outermost of its causes that is about a database or the network decides. */
export function faultOf(error: unknown): Fault {
  for (const cause of causesOf(error)) {
    const fault = ownFault(cause);
    if (fault !== undefined) return fault;
  }
  return 'work';
}

/** True when the same work may succeed a little later: faults `transient` and `server`. */
export function isTransient(error: unknown): boolean {
  const fault = faultOf(error);
  return fault === 'transient' || fault === 'server';
}

/** True when other work on the same server fails as well: faults `server` and `operator`. */
export function isUnavailable(error: unknown): boolean {
  const fault = faultOf(error);
  return fault === 'server' || fault === 'operator';
}

/** True only for the fault `work`: the server's state, known or not, never counts against the work. */
export const isOfTheWork = (error: unknown): boolean => faultOf(error) === 'work';
