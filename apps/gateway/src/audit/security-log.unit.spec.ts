import { createLogger } from '@stoa/service';
import type { Exchange } from '../http/exchange.js';
import { HttpProblem, problem } from '../http/problem.js';
import { accountName, SecurityLog } from './security-log.js';

const lines: Record<string, unknown>[] = [];
const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
const log = new SecurityLog(createLogger({ service: 'test', clone: 'test', destination }));
const exchange = (who?: string) =>
  ({ method: 'POST', target: '/v1/sessions?x=secret', operation: 'gateway.signIn', who, address: '::1' }) as Exchange;
beforeEach(() => lines.splice(0));

it.each([
  ['limit reached', problem('RATE_LIMITED', 'more')],
  ['caller refused', problem('FORBIDDEN', 'no')],
  ['sign-in refused', new HttpProblem(401, 'WRONG_CREDENTIALS', 'wrong')],
  ['sign-in locked', new HttpProblem(429, 'LOCKED_OUT', 'later')],
  ['token forged', problem('UNAUTHENTICATED', 'not ours', { event: 'token forged' })],
])('%s is a line with who, what and where from', (security, error) => {
  log.refused(exchange('customer 1'), error);
  const where = { address: '::1', path: '/v1/sessions', operation: 'gateway.signIn' };
  expect(lines).toEqual([expect.objectContaining({ level: 'warn', security, who: 'customer 1', ...where })]);
});

it('names accounts without showing what was typed', () => {
  expect(accountName(' Ada@Example.com')).toBe(accountName('ada@example.com'));
  expect(accountName('my password')).not.toContain('password');
});

it('other errors are none, and a flood is cut', () => {
  log.refused(exchange(), problem('INVALID_INPUT', 'x'));
  log.refused(exchange(), new Error('x'));
  expect(lines).toEqual([]);
  for (let n = 0; n < 5_000; n++) log.refused(exchange(), problem('RATE_LIMITED', 'more'));
  expect(lines.length).toBeLessThan(2_500);
});
