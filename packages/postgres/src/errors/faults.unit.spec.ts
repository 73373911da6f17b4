import { ConnectionLost, type Fault } from './errors.js';
import { faultOf, isOfTheWork, isTransient, isUnavailable } from './faults.js';

const coded = (code: string, message = 'refused'): Error => Object.assign(new Error(message), { code });
const prisma = (code: string, cause?: object): Error =>
  Object.assign(new Error('Invalid prisma invocation'), {
    code,
    meta: cause
      ? { driverAdapterError: Object.assign(new Error('driver'), { name: 'DriverAdapterError', cause }) }
      : {},
  });

describe('whose fault an error is', () => {
  it.each<[Fault, readonly string[]]>([
    [
      'server',
      ['25006', '55000', '53100', '53200', '53300', '57P01', '57P02', '57P03', '58030', '58P01', '08006', '08001'],
    ],
    ['transient', ['40001', '40P01', '55P03', '57014', '25P03', '25P04', 'SH001', 'SH002', 'XX000']],
    ['operator', ['28P01', '28000', '3D000', '42501']],
    [
      'work',
      ['22012', '22P02', '23505', '23503', '42P01', '42601', '21000', '44000', '54000', 'P0001', '0A000', 'SH004'],
    ],
    ['unknown', ['XX001', '26000', 'F0000', 'HV00N', '72000', '25P02']],
  ])('%s, by its SQLSTATE', (fault, states) => {
    expect(states.map((state) => [state, faultOf(coded(state))])).toEqual(states.map((state) => [state, fault]));
  });

  it("is the server's when the way to it breaks, by system codes and by the words of pg, which has no code for it", () => {
    const codes = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'];
    const words = [
      'Connection terminated unexpectedly',
      'Connection terminated due to connection timeout',
      'timeout exceeded when trying to connect',
      'timeout expired',
      'Query read timeout',
      'Client has encountered a connection error and is not queryable',
    ];
    const errors = [...codes.map((code) => coded(code)), ...words.map((message) => new Error(message))];
    expect(errors.filter((error) => faultOf(error) !== 'server')).toEqual([]);
    expect(faultOf(new ConnectionLost(new Error('gone'), 'No connection'))).toBe('server');
    expect(faultOf(new ConnectionLost(coded('28P01'), 'No connection'))).toBe('operator');
  });

  it('is read from what Prisma says, and from what its driver said before', () => {
    expect(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028'].map((code) => faultOf(prisma(code)))).not.toContain(
      'work',
    );
    expect(faultOf(prisma('P2010', { kind: 'postgres', originalCode: '25006' }))).toBe('server');
    expect(faultOf(prisma('P2039', { kind: 'postgres', originalCode: '53100' }))).toBe('server');
    expect(faultOf(prisma('P2010', { kind: 'DatabaseNotReachable' }))).toBe('server');
    expect(faultOf(prisma('P2034'))).toBe('transient');
    expect(faultOf(prisma('P1000'))).toBe('operator');
    expect(faultOf(prisma('P2002', { kind: 'UniqueConstraintViolation', originalCode: '23505' }))).toBe('work');
    expect(faultOf(prisma('P2025'))).toBe('work');
  });

  it("is the work's for bugs, and for errors that have a code of their own", () => {
    const codes = ['ERR_INVALID_ARG_TYPE', 'UNKNOWN_SKU', 'EMAIL_TAKEN', 'EXPIRED'];
    const bugs = [new TypeError('x is not a function'), ...codes.map((code) => coded(code)), 'thrown'];
    expect(bugs.filter((bug) => !isOfTheWork(bug))).toEqual([]);
    // Of the system, which has no more file handles.
    expect(faultOf(Object.assign(coded('EMFILE'), { errno: -24, syscall: 'open' }))).toBe('unknown');
  });

  it('is found behind errors that wrap others: the outermost that speaks of a database counts', () => {
    expect(faultOf(new Error('could not save', { cause: new Error('again', { cause: coded('25006') }) }))).toBe(
      'server',
    );
    expect(faultOf(Object.assign(coded('40001'), { cause: coded('23505') }))).toBe('transient');
    expect(faultOf(new AggregateError([coded('ECONNREFUSED')], 'all failed'))).toBe('server');
    const circle = new Error('circle');
    circle.cause = circle;
    expect(faultOf(circle)).toBe('work');
  });

  it('knows what may be tried again, and what fails for all work on the server', () => {
    const of = (is: (error: unknown) => boolean) => (code: string) => is(coded(code));
    expect(['25006', '53100', '40001', '57014', 'SH002'].map(of(isTransient))).not.toContain(false);
    expect(['28P01', '3D000', '23505', '42P01', 'XX001'].map(of(isTransient))).not.toContain(true);
    expect(['25006', '53100', '28P01', 'ECONNREFUSED'].map(of(isUnavailable))).not.toContain(false);
    expect(['40001', '55P03', '57014', 'SH002', '23505', 'XX001'].map(of(isUnavailable))).not.toContain(true);
    expect(isTransient(coded('0A000', 'cached plan must not change result type'))).toBe(true);
  });
});
