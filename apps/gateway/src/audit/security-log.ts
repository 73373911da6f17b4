import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, type Logger } from '@stoa/service';
import { pathOf, type Exchange } from '../http/exchange.js';
import { HttpProblem } from '../http/problem.js';

/** Lines of one kind a second: a flood of them must not fill the disk, nor cost more than what is served. */
const MOST_A_SECOND = 50;

/** Events by the code of the error that a request ends with; an error may name its own. */
const EVENTS: Readonly<Record<string, string>> = {
  RATE_LIMITED: 'limit reached',
  UNAUTHENTICATED: 'caller refused',
  FORBIDDEN: 'caller refused',
  REAUTHENTICATION_REQUIRED: 'caller refused',
  WRONG_CREDENTIALS: 'sign-in refused',
  LOCKED_OUT: 'sign-in locked',
  SECOND_FACTOR_WRONG: 'second factor refused',
  SIGNATURE_INVALID: 'webhook refused',
};

/** An account as events name it: they must be comparable, and people type passwords into the field for addresses. */
export const accountName = (email: string): string =>
  `account ${createHash('sha256').update(email.trim().toLowerCase()).digest('hex').slice(0, 16)}`;

/** The event that an error is, if any. */
export const eventOf = (error: unknown): string | undefined =>
  error instanceof HttpProblem ? (error.event ?? EVENTS[error.code]) : undefined;

/**
 * SecurityLog writes security events (OWASP ASVS 5, 16.3) as lines of the log: `security` names the event, `who` the
 * caller or account, `address` where from; the trace id is on every line.
 */
@Injectable()
export class SecurityLog {
  private second = 0;
  private readonly counts = new Map<string, number>();

  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  /** Logs an error that is a security event. */
  refused(exchange: Exchange, error: unknown): void {
    const event = eventOf(error);
    if (event === undefined || !(error instanceof HttpProblem)) return;
    if (this.isTooMany(event)) return;
    const { code, detail } = error;
    this.logger.warn({ ...fieldsOf(exchange, event), code, detail }, 'security event');
  }

  /** Logs what was allowed: a sign-in, say. */
  allowed(exchange: Exchange, event: string): void {
    this.logger.info(fieldsOf(exchange, event), 'security event');
  }

  private isTooMany(event: string): boolean {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.second) {
      for (const [name, count] of this.counts)
        if (count > MOST_A_SECOND)
          this.logger.warn({ security: name, left: count - MOST_A_SECOND }, 'security events left out');
      this.counts.clear();
      this.second = second;
    }
    const count = (this.counts.get(event) ?? 0) + 1;
    this.counts.set(event, count);
    return count > MOST_A_SECOND;
  }
}

const fieldsOf = ({ method, target, operation, who, address }: Exchange, security: string) => ({
  security,
  who: who ?? 'nobody',
  address,
  method,
  path: pathOf(target),
  operation,
});
