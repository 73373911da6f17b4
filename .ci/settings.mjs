// Makes docs/settings.md, the one table of the environment's variables, from the services' own schemas and from the
// list below of those that other programs read. `node .ci/settings.mjs` checks that the file is as it would be made,
// and that the list has each STOA_ variable which the code names; `--write` makes the file. Build the packages before.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { catalogVariables } from '../apps/catalog/dist/config.js';
import { trailVariables } from '../apps/gateway/dist/audit/protect-trail.js';
import { gatewayVariables } from '../apps/gateway/dist/config.js';
import { paymentVariables } from '../apps/payment/dist/config.js';
import { profileVariables } from '../apps/profile/dist/config.js';
import { shardsVariables } from '../apps/shards/dist/config.js';
import { commonVariables } from '../packages/service/dist/config/variables.js';
import { migrationVariables } from '../packages/sharded-service/dist/migrate/run-keyspace-migrations.js';
import { shardedVariables } from '../packages/sharded-service/dist/variables.js';

const root = path.resolve(import.meta.dirname, '..');
const FILE = path.join(root, 'docs/settings.md');

/** Heading, the schema of a program, and the schemas whose variables have a heading of their own. */
const SCHEMAS = [
  ['Every clone of every service', commonVariables, []],
  ['The gateway', gatewayVariables, [commonVariables]],
  ["The gateway's migrations", trailVariables, []],
  ['Services whose data are sharded (profile, cart, order, payment)', shardedVariables, [commonVariables]],
  ['Profile', profileVariables, [shardedVariables]],
  ['Payment', paymentVariables, [shardedVariables]],
  ['Catalog', catalogVariables, [commonVariables]],
  ['Shards', shardsVariables, [commonVariables]],
  ['Migrations of services whose data are sharded', migrationVariables, []],
];

/** Heading → name, default, meaning. Services, tools and the stack on one machine hand these on to each other. */
const OTHERS = {
  'Migrations, by the name of an app or keyspace': [
    ['‹APP›_DATABASE_URL', 'must be set', 'the Postgres databases to migrate, with commas between'],
    ['‹KEYSPACE›_SHARDS', 'none', 'shards to add, as JSON: `[{"name":…,"url":…,"adminUrl":…}]`'],
  ],
  'The stack on one machine (`npm start` and the like)': [
    ['STOA_PORT', '4000', "the shop's port"],
    ['TRUSTED_PROXIES', 'none', 'proxies in front of HAProxy, as the gateway names them; also STOA_HAPROXY_…, below'],
    ['STOA_STATE_DIR', '.stoa', 'where data, logs and secrets are'],
    ['STOA_CACHE_DIR', 'cache, in STOA_STATE_DIR', 'where servers that were downloaded are'],
    [
      'STOA_OPERATOR_EMAIL, STOA_OPERATOR_PASSWORD',
      'made at the first start',
      'the operator whose account profile makes',
    ],
    ['KAFKA_BROKERS, REDIS_URL', 'started here', 'servers to use instead of own ones'],
    ['‹APP›_DATABASE_URL, ‹KEYSPACE›_SHARDS', 'made here', 'databases to use instead of own ones'],
    ['DIRECTORY_URL, DIRECTORY_ADMIN_URL', 'made here', 'the shard map to use; both or neither'],
    [
      'STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET',
      'made at the first start, for the local provider',
      'an account at Stripe to use instead of the local payment provider; its webhooks lead to /v1/payments/webhooks/stripe',
    ],
    ['TOXIPROXY_SERVER', 'found on PATH', 'the program that gives servers a slow network'],
  ],
  'Tools (`npm run catalog`, `npm run shards`)': [
    ['STOA_URL', "this machine's", "the shop's URL, for import and export"],
    ['STOA_APPS_DIR', "this checkout's apps", 'where `shards add` finds the migrations of services'],
    [
      'STOA_LOCAL_SHARD, STOA_LOCAL_SHARD_URL',
      'set by the stack',
      'the Postgres server that `npm run shards -- add` started',
    ],
  ],
  'Containers and HAProxy': [
    ['STOA_SECOND_FACTOR_KEY', 'must be set', "profile's SECOND_FACTOR_KEY"],
    ['STOA_OWNER_SECOND_FACTOR', 'on', "profile's OWNER_SECOND_FACTOR"],
    ['STOA_PAYMENTS_PORT', '4242', 'the port of the local payment provider, on this machine only'],
    ['STOA_MAIL_LINK_SECRET', 'must be set', "profile's MAIL_LINK_SECRET"],
    ['STOA_SMTP_URL, STOA_MAIL_FROM, STOA_MAIL_LINKS_URL', 'none', "profile's SMTP_URL, MAIL_FROM and MAIL_LINKS_URL"],
    [
      'STOA_POSTGRES_MAIN_PASSWORD, STOA_POSTGRES_FIRST_PASSWORD, STOA_POSTGRES_SECOND_PASSWORD',
      'must be set',
      'of each Postgres server of docker-compose.yml; infra/docker/make-env.sh makes all of these',
    ],
    [
      'STOA_DATABASE_GATEWAY_PASSWORD, STOA_DATABASE_CATALOG_PASSWORD, STOA_DATABASE_DIRECTORY_PASSWORD',
      'must be set',
      'of a role at these servers',
    ],
    [
      'STOA_DATABASE_PROFILE_PASSWORD, STOA_DATABASE_LOOKUP_PASSWORD, STOA_DATABASE_CART_PASSWORD',
      'must be set',
      'of a role at these servers',
    ],
    ['STOA_DATABASE_ORDER_PASSWORD, STOA_DATABASE_PAYMENT_PASSWORD', 'must be set', 'of a role at these servers'],
    [
      'STOA_KAFKA_BROKER_PASSWORD, STOA_KAFKA_GATEWAY_PASSWORD, STOA_KAFKA_CATALOG_PASSWORD',
      'must be set',
      'of a service at Kafka',
    ],
    [
      'STOA_KAFKA_PROFILE_PASSWORD, STOA_KAFKA_CART_PASSWORD, STOA_KAFKA_SHARDS_PASSWORD',
      'must be set',
      'of a service at Kafka',
    ],
    ['STOA_KAFKA_ORDER_PASSWORD, STOA_KAFKA_PAYMENT_PASSWORD', 'must be set', 'of a service at Kafka'],
    ['STOA_ADMIN_TOKEN_CATALOG, STOA_ADMIN_TOKEN_PROFILE', 'must be set', "the ADMIN_TOKEN of a service's clones"],
    ['STOA_ADMIN_TOKEN_CART, STOA_ADMIN_TOKEN_SHARDS', 'must be set', "the ADMIN_TOKEN of a service's clones"],
    ['STOA_ADMIN_TOKEN_ORDER, STOA_ADMIN_TOKEN_PAYMENT', 'must be set', "the ADMIN_TOKEN of a service's clones"],
    ['STOA_SEALING_SECRET_CATALOG, STOA_SEALING_SECRET_PROFILE', 'must be set', 'the SEALING_SECRET of a service'],
    ['STOA_SEALING_SECRET_CART, STOA_SEALING_SECRET_SHARDS', 'must be set', 'the SEALING_SECRET of a service'],
    ['STOA_SEALING_SECRET_ORDER, STOA_SEALING_SECRET_PAYMENT', 'must be set', 'the SEALING_SECRET of a service'],
    ['STOA_REDIS_PASSWORD, STOA_TOKEN_KEY_SECRET', 'must be set', "of Redis; the gateways' TOKEN_KEY_SECRET"],
    ['STOA_APP', "the image's", 'the service of an image; its host name makes the clone'],
    [
      'STOA_DATABASES, STOA_KEYSPACES, STOA_MAP_READERS',
      'set by docker-compose.yml',
      'what a Postgres server makes at its first start',
    ],
    [
      'STOA_HAPROXY_BIND, STOA_HAPROXY_SOCKET',
      'set by whoever starts it',
      'the address of the shop, and the socket for operators',
    ],
    ['STOA_HAPROXY_THREADS', '4', "HAProxy's threads"],
    ['STOA_HAPROXY_CONNECTIONS', '4000', 'how many connections it has at a time; a further one waits'],
    [
      'STOA_HAPROXY_CONNECTIONS_PER_SOURCE',
      '500; 2000 on one machine',
      'how many of an address, or of a /64 of IPv6; a further one is closed',
    ],
    ['STOA_HAPROXY_REQUEST_SECONDS', '10', "how long a request's head, and its JSON body, may take"],
    [
      'STOA_HAPROXY_TRUSTED_PROXIES',
      'none; TRUSTED_PROXIES on one machine',
      'networks of proxies in front of it whose X-Forwarded-For and -Proto are believed',
    ],
    ['STOA_HAPROXY_PROXY_PROTOCOL', 'none', 'networks of proxies that begin each connection with the PROXY protocol'],
    ['STOA_HAPROXY_CERTIFICATE', 'none', 'a PEM file (chain and key), or a folder of them: turns TLS on'],
    [
      'STOA_HAPROXY_TLS_BIND',
      'the port of the shop + 443',
      'the address that speaks TLS, where there is a certificate',
    ],
    ['STOA_HAPROXY_REDIRECT', 'off', 'on sends requests in clear to https'],
    ['STOA_HAPROXY_ACME_THUMBPRINT', 'none', "the ACME account's, to answer HTTP-01 challenges with"],
    ['STOA_HAPROXY_H2C', 'off', 'on takes HTTP/2 in clear'],
    [
      'STOA_TLS_PORT, STOA_CERTIFICATES',
      '4443, infra/haproxy/certificates',
      "docker-compose.yml's port and folder of TLS",
    ],
  ],
  Tests: [
    ['STOA_CHECK_POOLS', 'off', '1 checks that no work waits for a second connection of its pool'],
    ['STOA_TEST_KEEP', 'off', '1 keeps the data and logs of a stack that tests started'],
    ['STOA_TEST_COUNTS', 'none', 'a file for the counts of each run'],
    ['STOA_MOVES_SEED, STOA_MOVES_MINUTES', 'random, 0', 'the seed and length of `npm run test:moves`'],
    [
      'STOA_AUDIT_SEED, STOA_AUDIT_MINUTES, STOA_AUDIT_REPEAT',
      'random, 10, 1',
      'the seed, length and repetitions of the audit',
    ],
    ['STOA_AUDIT_ONLY, STOA_AUDIT_BROKERS, STOA_AUDIT_OUT', 'all, 1, none', "the audit's faults, brokers and report"],
    ['STOA_TEST_URL', 'set by the tests', 'the shop that the tests of the whole system use'],
    [
      'STOA_TEST_POSTGRES_URL, STOA_TEST_KAFKA_BROKERS, STOA_TEST_REDIS_URL',
      'set by the tests',
      'the servers of integration tests',
    ],
    [
      'STOA_AUDIT_LACKING, STOA_DETACHED',
      'set by the programs themselves',
      'faults that the audit cannot make here; a start in the background',
    ],
  ],
};

/** The value that a field has when its variable is not set. */
function defaultOf(field) {
  const { type, defaultValue, in: input, innerType } = field.def;
  if (type === 'default') return shown(typeof defaultValue === 'function' ? defaultValue() : defaultValue);
  if (type === 'optional') return 'none';
  if (type === 'pipe') return defaultOf(input);
  return innerType ? defaultOf(innerType) : 'must be set';
}

const descriptionOf = (field) => field.description ?? (field.def.innerType ? descriptionOf(field.def.innerType) : '');

const shown = (value) => (value === '' ? 'empty' : Array.isArray(value) ? value.join(',') : String(value));

const rowsOf = ({ shape }, elsewhere) =>
  Object.entries(shape)
    .filter(([name]) => !elsewhere.some((schema) => name in schema.shape))
    .map(([name, field]) => [name, defaultOf(field), descriptionOf(field)]);

function table(heading, rows) {
  const cells = rows.map(([names, fallback, meaning]) => [
    names.replaceAll(/[^\s,]+/g, '`$&`'),
    fallback.replaceAll('|', '\\|'),
    meaning.replaceAll('|', '\\|'),
  ]);
  const lines = [['variable', 'if not set', 'meaning'], ['---', '---', '---'], ...cells];
  return [`## ${heading}`, '', ...lines.map((line) => `| ${line.join(' | ')} |`), ''].join('\n');
}

function page() {
  const sections = [
    ...SCHEMAS.map(([heading, schema, elsewhere]) => [heading, rowsOf(schema, elsewhere)]),
    ...Object.entries(OTHERS),
  ].filter(([, rows]) => rows.length > 0);
  const head = [
    '# Settings',
    '',
    'All variables of the environment. `node .ci/settings.mjs --write` makes this page from the code; an empty variable',
    'counts as not set. Flags of commands are in `npm run ‹command› -- --help`.',
    '',
  ];
  return { text: [...head, ...sections.map(([heading, rows]) => table(heading, rows))].join('\n'), sections };
}

/** STOA_ variables that tracked code, configuration and documents name. */
function namedInCode() {
  const args = [
    'grep',
    '-hoE',
    '\\bSTOA_[A-Z0-9_]*[A-Z]\\b',
    '--',
    '.',
    ':!docs/settings.md',
    ':!.ci/settings.mjs',
    ':!docs/audit*',
  ];
  const { stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return new Set(stdout.trim().split('\n'));
}

const { text, sections } = page();
const listed = new Set(
  sections.flatMap(([, rows]) => rows.flatMap(([names]) => names.match(/STOA_[A-Z0-9_]+/g) ?? [])),
);
const named = namedInCode();
const failures = [
  ...[...named]
    .filter((name) => !listed.has(name))
    .map((name) => `${name} is in no table: describe it in .ci/settings.mjs`),
  ...[...listed]
    .filter((name) => !named.has(name))
    .map((name) => `no code names ${name}: remove it from .ci/settings.mjs`),
];
if (process.argv.includes('--write')) writeFileSync(FILE, text);
else if (!existsSync(FILE) || readFileSync(FILE, 'utf8') !== text)
  failures.push('docs/settings.md is not as the code says: run node .ci/settings.mjs --write');
for (const failure of failures) process.stderr.write(`${failure}\n`);
process.exit(failures.length === 0 ? 0 : 1);
