import { CliError, parseArguments, reason, table, wholeNumber } from '@stoa/cli';
import { openStripe } from '../providers/open-provider.js';
import { reconcile } from './reconcile.js';
import { Shop } from './shop.js';

const USAGE = `npm run payments -- reconcile [--days N] [--json]

Compares the provider's books with this shop's, payment by payment, to the unit.

  --days N  payments that began in the last N days (30)
  --json    the differences as JSON

Exit code: 0 no differences, 1 differences, 2 nothing was compared.
`;
const FAILED = 2;
const DAY_MS = 24 * 3_600_000;

const SYNTAX = {
  command: 'npm run payments',
  words: true,
  options: {
    days: { type: 'string', default: '30' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
} as const;

function needed(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (!value) throw new CliError(`${name} is not set: is the stack running? npm start`);
  return value;
}

/** @returns the exit code. @throws CliError */
async function run(args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { values, words } = parseArguments(args, SYNTAX);
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (words.join(' ') !== 'reconcile') throw new CliError(USAGE.trimEnd());
  const days = wholeNumber('--days', values.days, { to: 3_650 });
  const provider = openStripe({
    STRIPE_SECRET_KEY: needed(env, 'STRIPE_SECRET_KEY'),
    STRIPE_WEBHOOK_SECRET: undefined,
    STRIPE_API_URL: env['STRIPE_API_URL'],
    PAYMENT_RETURN_URL: 'http://127.0.0.1',
  });
  const operator = { email: needed(env, 'STOA_OPERATOR_EMAIL'), password: needed(env, 'STOA_OPERATOR_PASSWORD') };
  const shop = new Shop(needed(env, 'STOA_URL'), operator);
  const now = Date.now();
  const { payments, differences } = await reconcile(shop, provider, new Date(now - days * DAY_MS), new Date(now));
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ payments, differences }, null, 2)}\n`);
    return differences.length === 0 ? 0 : 1;
  }
  if (differences.length > 0) {
    const rows = differences.map(({ paymentId, what, here, there }) => [paymentId, what, here, there]);
    process.stdout.write(`${table([['PAYMENT', 'WHAT', 'HERE', 'PROVIDER'], ...rows])}\n\n`);
  }
  process.stdout.write(`${payments} payments, ${differences.length} differences\n`);
  return differences.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await run(process.argv.slice(2), process.env);
} catch (error) {
  // Another exit code than that of differences.
  process.stderr.write(`${error instanceof CliError ? error.message : reason(error)}\n`);
  process.exitCode = FAILED;
}
