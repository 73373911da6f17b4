import { bringUp } from '../../support/own-stack.mjs';
import { startOwnServers } from './own-servers.mjs';

/**
 * A stack of the moves' own, because they kill its servers. Two clones of the cart, each with a map of its own; and no
 * limit on calls, because all of the load comes from one address.
 */
export default async function globalSetup() {
  process.env.STOA_MOVES_SEED ??= String(Math.floor(Math.random() * 1_000_000));
  const { STOA_MOVES_SEED: seed, STOA_MOVES_MINUTES: minutes } = process.env;
  const form = minutes ? `the long form, ${minutes} minutes` : 'the short form';
  process.stdout.write(`\nmoves: seed ${seed}, ${form} (this seed again: STOA_MOVES_SEED=${seed})\n`);
  await bringUp(['--clones', 'cart=2'], { RATE_LIMITS: 'off' });
  process.env.DIRECTORY_ADMIN_URL = JSON.parse(
    (await import('node:fs')).readFileSync(process.env.STOA_STATE_DIR + '/run/directory.json', 'utf8'),
  ).adminUrl;
  await startOwnServers(process.env.STOA_STATE_DIR, ['shard3', 'shard4']);
}
