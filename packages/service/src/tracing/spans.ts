import { trace, type TraceContext } from '../context/trace.js';

export type SpanKind = 'server' | 'client' | 'consumer';
export type SpanAttributes = Readonly<Record<string, string | number>>;

/** What a step is, besides its place in the trace. */
export interface Step {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: SpanAttributes;
}

/** A step of a trace that has ended. */
export interface Span extends Step {
  readonly context: TraceContext;
  /** By performance.now(), like `end`. */
  readonly start: number;
  readonly end: number;
  /** What went wrong. A refusal is nothing wrong. */
  readonly error?: string | undefined;
}

let sink: ((span: Span) => void) | undefined;

const isRecorded = ({ flags }: TraceContext): boolean => (Number.parseInt(flags, 16) & 1) === 1;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * The steps of traces, for whoever collects them (see SpanExport). Off unless there is a sink: callers on a hot path ask
 * `areOn` first, and then do nothing more than they would without spans.
 */
export const spans = {
  get areOn(): boolean {
    return sink !== undefined;
  },

  /** From now on `take` gets every span; undefined ends it. */
  into(take: ((span: Span) => void) | undefined): void {
    sink = take;
  },

  /** A step that has just ended. */
  ended(context: TraceContext, step: Step, start: number, error?: string): void {
    if (sink && isRecorded(context)) sink({ ...step, context, start, end: performance.now(), error });
  },

  /** Runs work, which ends with its promise if it gives one. `faultOf` finds a fault in what it gives. */
  follow<T>(context: TraceContext, step: Step, work: () => T, faultOf?: (result: Awaited<T>) => string | undefined): T {
    const start = performance.now();
    const failed = (error: unknown): void => this.ended(context, step, start, messageOf(error));
    const succeeded = (result: Awaited<T>): void => this.ended(context, step, start, faultOf?.(result));
    try {
      const result = work();
      if (result instanceof Promise) void result.then(succeeded, failed);
      else succeeded(result as Awaited<T>);
      return result;
    } catch (error) {
      failed(error);
      throw error;
    }
  },

  /** Runs work as a step of the work in progress; unrecorded where that belongs to no trace. */
  within<T>(step: Step, work: () => T): T {
    const parent = trace.current();
    return parent ? this.follow(trace.child(parent), step, work) : work();
  },
};
