import { codeOf, type Fault } from './errors.js';

/** Faults by Prisma's own codes, for errors that carry none of the driver's. */
const BY_CODE = new Map<string, Fault>([
  ['P1000', 'operator'], // authentication
  ['P1001', 'server'], // not reachable
  ['P1002', 'server'], // reached, but it timed out
  ['P1003', 'operator'], // no such database
  ['P1008', 'server'], // an operation timed out
  ['P1010', 'operator'], // access denied
  ['P1011', 'server'], // TLS
  ['P1017', 'server'], // closed the connection
  ['P2024', 'server'], // no connection of the pool in time
  ['P2028', 'server'], // no transaction in time, or it took too long
  ['P2034', 'transient'], // write conflict or deadlock
  ['P2037', 'server'], // too many connections
]);

/** Faults by the driver adapter's names for a connection that broke or could not be opened: it has no SQLSTATE. */
const BY_KIND = new Map<string, Fault>([
  ['DatabaseNotReachable', 'server'],
  ['ConnectionClosed', 'server'],
  ['SocketTimeout', 'server'],
  ['TlsConnectionError', 'server'],
]);

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;

const driverCause = (error: unknown): unknown =>
  fieldOf(fieldOf(fieldOf(error, 'meta'), 'driverAdapterError'), 'cause') ??
  (fieldOf(error, 'name') === 'DriverAdapterError' ? fieldOf(error, 'cause') : undefined);

/** The SQLSTATE of an error that reached Prisma through its driver adapter. */
export function prismaState(error: unknown): string | undefined {
  const state = fieldOf(driverCause(error), 'originalCode');
  return typeof state === 'string' ? state : undefined;
}

/** The fault of a Prisma error without a SQLSTATE; undefined for other errors, and for the work's own. */
export function prismaFault(error: unknown): Fault | undefined {
  const kind = fieldOf(driverCause(error), 'kind');
  const code = codeOf(error) ?? fieldOf(error, 'errorCode');
  return (
    (typeof kind === 'string' ? BY_KIND.get(kind) : undefined) ??
    (typeof code === 'string' ? BY_CODE.get(code) : undefined)
  );
}
