import { CliError, parseArguments } from '@stoa/cli';
import { createLogger } from '@stoa/service';
import { gatewayVariables } from '../config.js';
import { addKey, isSpent, lockKeys, tidyKeys } from '../identity/key-store.js';
import { retired, signerOf, timesByHand } from '../identity/key-schedule.js';
import { GatewayDatabase } from '../storage/gateway-database.js';

const USAGE = `npm run keys -- list | rotate [--now [--distrust]]

The keys that sign the shop's tokens. A new one is made each day by itself.

  list        each key: when it signs, until when its tokens are believed, whether its private half is still there
  rotate      makes a key that signs in two minutes, when every gateway has read it; the one before it then loses its
              private half, and what it signed stays valid
  --now       it signs at once; the private half of the one before is deleted at once
  --distrust  of a key that was stolen: what earlier keys signed is refused within a minute. Customers refresh their
              tokens (POST /v1/sessions/refresh), guests lose their carts

On the running stack, or on the database of GATEWAY_DATABASE_URL with TOKEN_KEY_SECRET.
`;

const variables = gatewayVariables.pick({ GATEWAY_DATABASE_URL: true, TOKEN_KEY_SECRET: true });

/** Shows and makes signing keys. @returns the exit code */
async function run(args: readonly string[]): Promise<number> {
  const { values, words } = parseArguments(args, {
    command: 'npm run keys',
    words: true,
    options: { now: { type: 'boolean' }, distrust: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  const [command = 'list'] = words;
  if (values.help) return print(USAGE);
  if (!['list', 'rotate'].includes(command) || words.length > 1)
    throw new CliError(`"${words.join(' ')}" is not understood; npm run keys -- --help says what there is`);
  if (values.distrust && !values.now) throw new CliError('--distrust goes with --now: the key before must not sign');
  const config = variables.safeParse(process.env);
  if (!config.success) throw new CliError(`${String(config.error.issues[0]?.path[0])} is missing: npm start sets it`);
  const database = new GatewayDatabase(config.data, createLogger({ service: 'keys', clone: 'keys', level: 'fatal' }));
  try {
    if (command === 'rotate') await rotate(database, config.data.TOKEN_KEY_SECRET, values);
    return await list(database);
  } finally {
    await database.onApplicationShutdown();
  }
}

async function rotate(
  database: GatewayDatabase,
  secret: string,
  { now: isAtOnce = false, distrust = false }: { now?: boolean; distrust?: boolean },
): Promise<void> {
  await database.transaction(async (tx) => {
    const now = await lockKeys(tx);
    const kid = await addKey(tx, secret, timesByHand(now, isAtOnce), now);
    // One that was made ahead and has not begun would take over from this one.
    await tx.signingKey.deleteMany({ where: { kid: { not: kid }, activatesAt: { gt: now } } });
    if (distrust) await tx.signingKey.deleteMany({ where: { kid: { not: kid } } });
    await tidyKeys(tx, secret, now);
  });
}

async function list(database: GatewayDatabase): Promise<number> {
  const prisma = await database.prisma();
  const rows = await prisma.signingKey.findMany({ orderBy: { activatesAt: 'asc' } });
  const now = new Date();
  const [signer, old] = [signerOf(rows, now)?.kid, new Set(retired(rows, now).map(({ kid }) => kid))];
  const lines = rows.map((row) => {
    const state = row.kid === signer ? 'signs' : old.has(row.kid) ? 'stopped' : 'next';
    const half = isSpent(row) ? 'public half only' : 'with its private half';
    const from = row.activatesAt.toISOString();
    return `${row.kid}  ${state.padEnd(7)}  from ${from}  believed until ${row.publishedUntil.toISOString()}  ${half}`;
  });
  return print(`${lines.join('\n')}\n`);
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof CliError ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
