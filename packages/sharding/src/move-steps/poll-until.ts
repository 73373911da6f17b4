import { setTimeout as delay } from 'node:timers/promises';

/** Polls a condition until it is true. @returns false when it was not true within `withinMs`. */
export async function pollUntil(
  withinMs: number,
  everyMs: number,
  condition: () => Promise<boolean>,
): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() >= deadline) return false;
    await delay(everyMs);
  }
}
