import { AsyncLocalStorage } from 'node:async_hooks';

/** A transaction that the work in progress runs in. */
interface Held {
  readonly pool: object;
  readonly outer: Held | undefined;
  isOver: boolean;
}

const holding = new AsyncLocalStorage<Held>();

/** On in development, and with STOA_CHECK_POOLS=1: following each transaction would cost every one of them. */
export const poolChecks = {
  areOn: process.env['NODE_ENV'] === 'development' || process.env['STOA_CHECK_POOLS'] === '1',
};

/**
 * Exists to find a deadlock before production does: whoever holds a connection of a pool and waits for a second one may
 * wait for others who do the same, until a time-out.
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

/** Runs work that holds a connection of the pool, so that mayAcquire knows. */
export async function whileHolding<T>(pool: object, work: () => Promise<T>): Promise<T> {
  if (!poolChecks.areOn) return work();
  const held: Held = { pool, outer: holding.getStore(), isOver: false };
  try {
    return await holding.run(held, work);
  } finally {
    held.isOver = true;
  }
}
