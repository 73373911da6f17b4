import type { LoggerService } from '@nestjs/common';
import type { Logger } from './logger.js';

/** Nest gives the context (a class's name) as the last of the further parameters, and for errors a stack before it. */
function fieldsOf(message: unknown, more: readonly unknown[]): { fields: object; text: string } {
  const context = more.at(-1);
  const err = [message, ...more].find((each) => each instanceof Error);
  const text = message instanceof Error ? message.message : String(message);
  return { fields: { ...(typeof context === 'string' && { context }), ...(err !== undefined && { err }) }, text };
}

/** Writes Nest's own messages to the service's log. Those about its start get the level debug. */
export class NestLog implements LoggerService {
  constructor(private readonly logger: Logger) {}
  log = (message: unknown, ...more: unknown[]): void => this.write('debug', message, more);
  debug = (message: unknown, ...more: unknown[]): void => this.write('debug', message, more);
  verbose = (message: unknown, ...more: unknown[]): void => this.write('trace', message, more);
  warn = (message: unknown, ...more: unknown[]): void => this.write('warn', message, more);
  error = (message: unknown, ...more: unknown[]): void => this.write('error', message, more);
  fatal = (message: unknown, ...more: unknown[]): void => this.write('fatal', message, more);

  private write(level: 'trace' | 'debug' | 'warn' | 'error' | 'fatal', message: unknown, more: unknown[]): void {
    const { fields, text } = fieldsOf(message, more);
    this.logger[level](fields, text);
  }
}
