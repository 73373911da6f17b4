// Makes the OpenAPI and AsyncAPI documents of all contracts, the gateway's own operations included, and has them
// checked by the tools that their readers use: Redocly's recommended rules, and AsyncAPI's own parser.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Parser } from '@asyncapi/parser';

const root = path.resolve(import.meta.dirname, '..');
const load = (file) => import(pathToFileURL(path.join(root, file)).href);
const { toAsyncApi, toDocument, toOpenApi } = await load('packages/contract-kit/dist/index.js');
const { builtinContract } = await load('apps/gateway/dist/builtin/contract.js');

const folders = readdirSync(path.join(root, 'packages/contracts'));
const services = folders.map((name) =>
  JSON.parse(readFileSync(path.join(root, 'packages/contracts', name, 'contract.json'), 'utf8')),
);

const scratch = mkdtempSync(path.join(tmpdir(), 'stoa-api-'));
const file = path.join(scratch, 'openapi.json');
writeFileSync(file, JSON.stringify(toOpenApi([toDocument(builtinContract), ...services]), null, 2));
const redocly = spawnSync(
  path.join(root, 'node_modules/.bin/redocly'),
  ['lint', file, '--extends', 'recommended', '--format', 'stylish'],
  {
    stdio: 'inherit',
    cwd: scratch,
    env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  },
);
rmSync(scratch, { recursive: true, force: true });

const diagnostics = await new Parser().validate(JSON.stringify(toAsyncApi(services)));
const problems = diagnostics.filter(({ severity }) => severity <= 1);
for (const { code, message, path: at } of problems)
  process.stderr.write(`AsyncAPI: ${code} at ${at.join('.')}: ${message}\n`);
if (problems.length === 0) process.stdout.write('AsyncAPI: valid, without warnings\n');

process.exit(redocly.status === 0 && problems.length === 0 ? 0 : 1);
