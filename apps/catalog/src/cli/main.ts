import { CliError, oneOf, parseArguments } from '@stoa/cli';
import { exportCatalog } from './export-catalog.js';
import { importFiles } from './import-files.js';
import { operatorOf, shopUrl } from './settings.js';
import { ShopClient } from './shop-client.js';

const USAGE = `npm run catalog -- import FILE... [--format shopify|ndjson] [--currency USD] [--url URL]
npm run catalog -- export [--format ndjson|shopify] [--output FILE] [--url URL]

  --format    of the files; follows from .csv (shopify), .ndjson and .jsonl if not given
  --currency  of the prices in a CSV that names none (USD)
  --url       of the shop (STOA_URL, else this machine's at STOA_PORT, 4000)

Signs in as STOA_OPERATOR_EMAIL with STOA_OPERATOR_PASSWORD, else as the operator in .stoa/operator.json.
Exit code: 0 all is in, 1 some rows or files were refused, 2 nothing was done.
`;
const FAILED = 2;

const SYNTAX = {
  command: 'npm run catalog',
  words: true,
  options: {
    format: { type: 'string' },
    currency: { type: 'string', default: 'USD' },
    output: { type: 'string', short: 'o' },
    url: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
} as const;

/** @returns the exit code. @throws CliError */
async function run(args: string[]): Promise<number> {
  const { values, words } = parseArguments(args, SYNTAX);
  const [command, ...files] = words;
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const format = values.format === undefined ? undefined : oneOf('--format', values.format, ['shopify', 'ndjson']);
  const isImport = command === 'import' && files.length > 0 && values.output === undefined;
  const isExport = command === 'export' && files.length === 0;
  if (!isImport && !isExport) throw new CliError(USAGE.trimEnd());
  const client = new ShopClient(shopUrl(values.url, process.env), operatorOf(process.env));
  if (isImport) {
    return importFiles(
      client,
      files,
      { format, currency: values.currency },
      { out: process.stdout, err: process.stderr },
    );
  }
  await exportCatalog(client, format ?? 'ndjson', values.output);
  return 0;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CliError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = FAILED;
}
