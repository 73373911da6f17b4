import { trace, type TraceContext } from '../context/trace.js';

export type SpanKind = 'server' | 'client' | 'consumer';
export type SpanAttributes = Readonly<Record<string, string | number>>;

/** A step's name, kind and attributes; its place in the trace is a TraceContext. */
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
  /** The fault's message. A business error is no fault. */
  readonly error?: string | undefined;
}

let sink: ((span: Span) => void) | undefined;

const isRecorded = ({ flags }: TraceContext): boolean => (Number.parseInt(flags, 16) & 1) === 1;

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Records the steps of traces for a collector (see SpanExport). Off unless there is a sink: callers on a hot path check
 * `areOn` first, so that without a collector they do nothing more.
 */
export const spans = {
  get areOn(): boolean {
    return sink !== undefined;
  },

  /** Sends every span from now on to `take`; undefined ends it. */
  into(take: ((span: Span) => void) | undefined): void {
    sink = take;
  },

  /** Records a step that has just ended. */
  ended(context: TraceContext, step: Step, start: number, error?: string): void {
    if (sink && isRecorded(context)) sink({ ...step, context, start, end: performance.now(), error });
  },

  /**
   * Runs work as a step, which ends with the work's promise if it returns one.
   * @param faultOf finds a fault's message in a result that is no error
   */
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

  /** Runs work as a step of the work in progress; without a record where that belongs to no trace. */
  within<T>(step: Step, work: () => T): T {
    const parent = trace.current();
    return parent ? this.follow(trace.child(parent), step, work) : work();
  },
};
