import { causesOf, codeOf, ConnectionLost, type Fault } from './errors.js';
import { prismaFault, prismaState } from './prisma.js';

/** By SQLSTATE or its class: the longest entry that it begins with counts. */
const BY_STATE = new Map<string, Fault>([
  ['08', 'server'], // connection
  ['0A', 'work'], // not supported
  ['21', 'work'], // more rows than one
  ['22', 'work'], // data
  ['23', 'work'], // constraint
  ['25006', 'server'], // read-only: a standby that is not promoted yet
  ['25P03', 'passing'], // idle_in_transaction_session_timeout: the process was frozen for a while
  ['25P04', 'passing'], // transaction_timeout
  ['28', 'operator'], // wrong password, no such role
  ['3D', 'operator'], // no such database
  ['40', 'passing'], // serialization, deadlock
  ['42', 'work'], // syntax, or no such table
  ['42501', 'operator'], // a grant is missing
  ['44', 'work'], // the check of a view
  ['53', 'server'], // disk or memory full, too many connections
  ['54', 'work'], // a limit of statements or rows
  ['55', 'passing'],
  ['55000', 'server'], // recovery is under way
  ['57', 'server'], // stops, starts, has crashed
  ['57014', 'passing'], // statement_timeout: a slow moment
  ['58', 'server'], // input and output
  ['P0', 'work'], // raised by a function
  ['SH', 'work'],
  ['SH001', 'passing'], // the bucket is on another shard
  ['SH002', 'passing'], // the bucket is being moved
  ['XX000', 'passing'], // what the server did not expect: "tuple concurrently updated"
]);

/** Letters begin few classes, so that no service's own code, and none of Prisma's, is taken for one. */
const STATE = /^(?:\d[0-9A-Z]{4}|(?:F0|P0|SH|XX)\d{3}|HV\d{2}[0-9A-Z])$/;

/** The SQLSTATE of a server's answer; undefined for an error that is none. */
export function stateOf(error: unknown): string | undefined {
  const code = codeOf(error);
  return code !== undefined && STATE.test(code) ? code : undefined;
}

const UNREACHABLE = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT'],
  ...['ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'ENOENT'],
]);

/**
 * Other system errors: no file handles or memory left, no permission. Node names the call that failed; a refusal of a
 * service may begin with the same letter (EMAIL_TAKEN).
 */
const isOfSystem = (error: unknown, code: string): boolean =>
  code.startsWith('E') && error instanceof Error && 'syscall' in error;

/** How messages of pg itself begin when a connection broke or could not be had: they carry no code. */
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

/** After a migration changed a table, sessions that had prepared statements on it refuse them once. */
export const isStalePlan = (error: unknown, state = stateOf(error)): boolean =>
  state === '0A000' && error instanceof Error && error.message.startsWith('cached plan must not change');

/** What one error says by itself; undefined when it says nothing of the database or the network. */
function ownFault(error: unknown): Fault | undefined {
  const code = codeOf(error);
  const state = stateOf(error) ?? prismaState(error);
  if (isStalePlan(error, state)) return 'passing';
  const known = state === undefined ? prismaFault(error) : faultOfState(state);
  if (error instanceof ConnectionLost) return known === 'operator' ? known : 'server';
  if (known !== undefined) return known;
  if (code !== undefined && UNREACHABLE.has(code)) return 'server';
  if (code !== undefined && isOfSystem(error, code)) return 'unknown';
  if (code?.startsWith('UND_ERR_')) return 'passing'; // of fetch
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'passing';
  if (code !== undefined) return undefined;
  return WITHOUT_CODE.some((words) => error.message.startsWith(words)) ? 'server' : undefined;
}

/** Whose fault an error is: the outermost of its causes that speaks of a database or the network says so. */
export function faultOf(error: unknown): Fault {
  for (const cause of causesOf(error)) {
    const fault = ownFault(cause);
    if (fault !== undefined) return fault;
  }
  return 'work';
}

/** True when trying the same work again may help. */
export function isTransient(error: unknown): boolean {
  const fault = faultOf(error);
  return fault === 'passing' || fault === 'server';
}

/** The same of a SQLSTATE. */
export const isTransientState = (code: string): boolean => isTransient({ code });

/** True when other work on the same server fails as well, until the server or its settings have changed. */
export function isUnavailable(error: unknown): boolean {
  const fault = faultOf(error);
  return fault === 'server' || fault === 'operator';
}

/** True only for what the work itself did wrong. What the server is, known or not, never counts against the work. */
export const isOfTheWork = (error: unknown): boolean => faultOf(error) === 'work';
