import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';

/** The place of some work: a W3C trace, a span in it, and the message that it handles. */
export interface TraceContext {
  /** 32 hex digits, the same for all that one request causes. */
  readonly traceId: string;
  /** 16 hex digits, this step's. */
  readonly spanId: string;
  /** The step that this one is a part of; undefined for the first of a trace. */
  readonly parentSpanId?: string;
  /** 2 hex digits; bit 0 says that the trace is recorded. */
  readonly flags: string;
  /** The id of the command, query or event in work. */
  readonly messageId?: string;
  /** The shards that this step has used so far, with commas between; see servedFrom. */
  shards?: string;
  /** Counts this step to a server's share of the clone's slots; false when that is used up. See serverShare. */
  useServer?: ((server: string) => boolean) | undefined;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const storage = new AsyncLocalStorage<TraceContext>();

// Drawn once for many ids: a call of randomBytes costs more than all else here.
let pool = '';
let used = 0;
function hex(bytes: number): string {
  if (used + bytes * 2 > pool.length) {
    pool = randomBytes(4096).toString('hex');
    used = 0;
  }
  used += bytes * 2;
  return pool.slice(used - bytes * 2, used);
}
const isZero = (id: string): boolean => /^0+$/.test(id);

/** The context that a `traceparent` header names; undefined for one that W3C Trace Context calls invalid. */
function parse(header: string | undefined): TraceContext | undefined {
  const match = TRACEPARENT.exec(header ?? '');
  if (!match) return undefined;
  const [, version = '', traceId = '', spanId = '', flags = '', more] = match;
  // Version 00 ends after the flags; later versions may add fields, which are not known here.
  if (version === 'ff' || (version === '00' && more !== undefined) || isZero(traceId) || isZero(spanId))
    return undefined;
  return { traceId, spanId, flags };
}

/** A new trace. */
const start = (messageId?: string): TraceContext => ({
  traceId: hex(16),
  spanId: hex(8),
  flags: '01',
  ...(messageId !== undefined && { messageId }),
});

/** A step within `parent`; a new trace without one. */
function child(parent: TraceContext | undefined, messageId?: string): TraceContext {
  if (!parent) return start(messageId);
  return { ...parent, spanId: hex(8), parentSpanId: parent.spanId, ...(messageId !== undefined && { messageId }) };
}

/** As a `traceparent` header. */
const format = (context: TraceContext): string => `00-${context.traceId}-${context.spanId}-${context.flags}`;

/** The context of the work in progress, if it has one. */
const current = (): TraceContext | undefined => storage.getStore();

/** Runs work (and all that it awaits) within a context: log lines name its ids, requests carry it on. */
const run = <T>(context: TraceContext, work: () => T): T => storage.run(context, work);

/** W3C trace context: carried in `traceparent` through HTTP and Kafka, and found by log lines. */
export const trace = { parse, start, child, format, current, run };
