import { AsyncLocalStorage } from 'node:async_hooks';

/** A transaction that the work in progress runs in. */
interface Held {
  readonly pool: object;
  readonly outer: Held | undefined;
  isOver: boolean;
}

const holding = new AsyncLocalStorage<Held>();

/** In development, and where tests ask for it: following each transaction would cost every one of them. */
export const poolChecks = {
  areOn: process.env['NODE_ENV'] === 'development' || process.env['STOA_CHECK_POOLS'] === '1',
};

/**
 * Whoever holds a connection of a pool and waits for a second one waits for others who may do the same: with all connections
 * held, none of them goes on until a time-out.
 * @throws Error where the work in progress holds a connection of the pool already
 */
export function mayAcquire(pool: object, name: string): void {
  if (!poolChecks.areOn) return;
  for (let held = holding.getStore(); held; held = held.outer) {
    if (held.pool !== pool || held.isOver) continue;
    throw new Error(
      `Work in a transaction on ${name} asked for another connection to it: use the transaction's own handle, or ask before it begins`,
    );
  }
}

/** Runs work that holds a connection of the pool. */
export async function whileHolding<T>(pool: object, work: () => Promise<T>): Promise<T> {
  if (!poolChecks.areOn) return work();
  const held: Held = { pool, outer: holding.getStore(), isOver: false };
  try {
    return await holding.run(held, work);
  } finally {
    held.isOver = true;
  }
}
