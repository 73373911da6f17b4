import { trace } from './trace.js';

/** Collects the shards that the work in progress has used, for the header that names who served a request. */
export const servedFrom = {
  note(shard: string): void {
    const context = trace.current();
    if (!context || context.shards === shard) return;
    const known = context.shards?.split(',') ?? [];
    if (!known.includes(shard)) context.shards = [...known, shard].join();
  },
  current: (): string | undefined => trace.current()?.shards,
};
