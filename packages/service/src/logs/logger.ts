import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';
import { lineWriter } from './line-writer.js';
import { redact, scrub } from './redact.js';
import { trace } from '../context/trace.js';

export type { Logger } from 'pino';

export interface LoggerOptions {
  readonly service: string;
  readonly clone: string;
  readonly level?: string;
  /** Gets the lines; standard output if not given. */
  readonly destination?: DestinationStream;
}

function idsOfTheWorkInProgress(): object {
  const context = trace.current();
  if (!context) return {};
  return { traceId: context.traceId, ...(context.messageId !== undefined && { messageId: context.messageId }) };
}

/**
 * One JSON object per line: level, time, service, clone, traceId and messageId of the work in progress, msg.
 * Values of secret names (password, token, authorization, cookie, *_URL) and passwords within URLs are left out.
 */
export function createLogger({ service, clone, level = 'info', destination = lineWriter(1) }: LoggerOptions): Logger {
  const options = {
    level,
    base: { service, clone },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: object) => redact(fields) as Record<string, unknown>,
    },
    serializers: { err: (error: Error) => redact({ ...stdSerializers.err(error) }) },
    mixin: idsOfTheWorkInProgress,
    hooks: { streamWrite: scrub },
  };
  return pino(options, destination);
}
