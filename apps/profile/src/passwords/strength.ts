import type { ZxcvbnFactory } from '@zxcvbn-ts/core';

/** From 0 (guessed at once) to 4 (not guessed at all), as zxcvbn counts. */
export type Score = 0 | 1 | 2 | 3 | 4;

/** Its dictionaries take 8 MB and 60 ms: loaded by the first password that is measured. */
let estimator: Promise<ZxcvbnFactory> | undefined;

async function load(): Promise<ZxcvbnFactory> {
  const [core, { adjacencyGraphs, dictionary }] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
  ]);
  // Its time grows with the square of the length: a random one of 128 characters took 81 ms of the main thread, one of
  // 48 takes 12. What is behind can only make a password stronger.
  return new core.ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs, maxLength: 48 });
}

/** How hard a password is to guess for somebody who knows these words of its owner. */
export async function scoreOf(password: string, words: readonly string[]): Promise<Score> {
  const { score } = (await (estimator ??= load())).check(password, [...words]);
  return score as Score;
}
