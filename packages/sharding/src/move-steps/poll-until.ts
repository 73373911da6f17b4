import { setTimeout as delay } from 'node:timers/promises';

/** Asks until the answer is true. @returns false when it was not so within `withinMs`. */
export async function pollUntil(withinMs: number, everyMs: number, ask: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    if (await ask()) return true;
    if (performance.now() >= deadline) return false;
    await delay(everyMs);
  }
}
