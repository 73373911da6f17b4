/**
 * Who may import whom inside the apps and packages (turbo boundaries checks it between packages by their tags). Each
 * rule's comment is its message: it names the way out.
 */
const TESTS = String.raw`\.(spec|test-d|suite)\.ts$|/test/`;
const layer = (name) => `^apps/[^/]+/src/${name}/`;

/**
 * Source root → its folders, and those files of the root that folders import, from top to bottom: each imports only
 * what is listed after it. The other files of the root (index, main, a module) import all of them, and none imports
 * those.
 */
const FOLDERS = {
  'apps/cart/src': ['operations', 'subscriptions', 'storage', 'domain'],
  'apps/catalog/src': [
    'cli',
    'imports',
    'background',
    'subscriptions',
    'operations',
    'html',
    'storage',
    'generated',
    'domain',
    'config.ts',
  ],
  'apps/gateway/src': [
    'cli',
    'server',
    'health',
    'docs',
    'requests',
    'builtin',
    'audit',
    'cache',
    'limits',
    'input',
    'calls',
    'identity',
    'roles',
    'services',
    'messages',
    'storage',
    'generated',
    'http',
    'config.ts',
    'background',
  ],
  'apps/order/src': ['operations', 'subscriptions', 'background', 'storage', 'domain'],
  'apps/payment/src': ['cli', 'operations', 'settle', 'providers', 'storage', 'background', 'domain', 'config.ts'],
  'apps/profile/src': [
    'operations',
    'sign-in',
    'recovery',
    'second-factor',
    'subscriptions',
    'operators',
    'names',
    'mail',
    'passwords',
    'background',
    'storage',
    'domain',
    'config.ts',
  ],
  'packages/contract-kit/src': ['cli', 'api-documents', 'compatibility', 'schemas', 'document', 'declarations'],
  'packages/kafka/src': ['suite', 'open-kafka.ts', 'kafkajs', 'platformatic', 'port'],
  'packages/messaging/src': [
    'cli',
    'rights',
    'testing',
    'nest',
    'server',
    'background',
    'dead-letters',
    'events',
    'states',
    'bulkheads',
    'parked-events',
    'commands',
    'inbox',
    'subscriptions',
    'outbox',
    'intake',
    'client',
    'callers',
    'contracts',
    'sealing',
    'replies',
    'clocks',
    'protocol',
    'api',
  ],
  'packages/postgres/src': ['migrations', 'pools', 'locks', 'sessions', 'sql', 'errors'],
  'packages/service/src': ['testing', 'run', 'databases', 'admin', 'tracing', 'metrics', 'logs', 'context', 'config'],
  'packages/sharded-service/src': ['migrate', 'keyspace.ts'],
  'packages/sharding/src': [
    'runs',
    'rebalancing',
    'shards',
    'verification',
    'moves',
    'move-steps',
    'routing',
    'across',
    'directory',
    'installation',
    'incarnation',
    'map',
    'shard-server.ts',
    'errors.ts',
    'error-codes.ts',
  ],
  'apps/shards/src': ['cli', 'operations', 'customers', 'supervision.ts', 'directory.ts', 'config.ts'],
  'infra/local/src': [
    'commands',
    'test-runs',
    'dead-letters',
    'start',
    'clones',
    'data',
    'display',
    'processes',
    'control',
    'servers',
    'plan',
    'state-dir',
    'machine',
  ],
};

/** The rules of one source root. They share one name, because a rule of dependency-cruiser has one pair of paths. */
const oneWay = ([root, entries]) =>
  entries.map((entry, index) => ({
    name: `folders-one-way-in-${root}`,
    severity: 'error',
    comment: `${root} imports downwards only (${entries.join(' > ')}): move what both need into the lower one, or pass it as a parameter.`,
    from: { path: `^${root}/${entry}(/|$)`, pathNot: TESTS },
    to: {
      path: [`^${root}/[^/]+$`, ...entries.slice(0, index).map((above) => `^${root}/${above}(/|$)`)],
      pathNot: entries.slice(index).map((below) => `^${root}/${below}$`),
    },
  }));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'apps-never-import-apps',
      severity: 'error',
      comment: 'Ask the other service: call an operation of its contract, or subscribe to its events or states.',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'gateway-knows-no-service',
      severity: 'error',
      comment:
        'The gateway learns contracts at run time: read what you need of the ContractDocument, or put it into the kit.',
      from: { path: '^apps/gateway/', pathNot: TESTS },
      to: { path: '^packages/(contracts|sharding|sharded-service)/' },
    },
    {
      name: 'contracts-are-data',
      severity: 'error',
      comment:
        'A contract imports zod and the contract kit only: move behaviour into the service, shared words into the kit.',
      from: { path: '^packages/contracts/([^/]+)/src/' },
      to: { pathNot: '^packages/contracts/$1/|^packages/contract-kit/|^node_modules/zod/' },
    },
    {
      name: 'packages-know-no-service',
      severity: 'error',
      comment: 'Shared packages serve every app: take what is special to one as a parameter.',
      from: { path: '^packages/(?!contracts/)', pathNot: TESTS },
      to: { path: '^apps/|^packages/contracts/' },
    },
    {
      name: 'domain-is-pure',
      severity: 'error',
      comment:
        'Rules import types, contracts and pure functions only: take the time, randomness, rows and libraries as parameters, and let the operation fetch them.',
      from: { path: layer('domain'), pathNot: TESTS },
      to: {
        pathNot: `${layer('domain')}|^packages/(contracts|contract-kit)/|^(node:)?(crypto|buffer|util)$`,
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'domain-is-below',
      severity: 'error',
      comment:
        'The domain knows no other layer, not even its types: declare the type in the domain and import it from there.',
      from: { path: layer('domain'), pathNot: TESTS },
      to: { path: layer('(storage|operations|subscriptions|generated)') },
    },
    {
      name: 'storage-is-below-operations',
      severity: 'error',
      comment: 'Storage imports the domain only: pass what it needs as a parameter from the operation.',
      from: { path: layer('storage'), pathNot: TESTS },
      to: { path: layer('(operations|subscriptions)') },
    },
    {
      name: 'sql-only-in-storage',
      severity: 'error',
      comment: 'Databases are reached from storage/ only: add a method there and call it.',
      from: { path: '^apps/[^/]+/src/', pathNot: `${TESTS}|${layer('(storage|generated)')}` },
      to: { path: '^node_modules/(pg|@prisma|redis)/|/src/generated/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'test-kit-only-in-tests',
      severity: 'error',
      comment:
        'Real servers for tests have no place in what is deployed: move the code into a spec, or the helper into a package.',
      from: { path: '^(apps|packages)/', pathNot: `${TESTS}|^packages/testing/|^packages/[^/]+/src/testing/` },
      to: { path: '^packages/testing/|^infra/|^tests/|^bench/' },
    },
    {
      name: 'command-lines-only-in-cli',
      severity: 'error',
      comment:
        'Only command lines read words and show progress: move the code into src/cli, or return the result to the caller.',
      from: { path: '^(apps|packages)/', pathNot: `${TESTS}|${layer('cli')}|^packages/(cli|testing)/` },
      to: { path: '^packages/cli/' },
    },
    {
      name: 'only-the-test-kit-knows-infra',
      severity: 'error',
      comment: 'A package, its tests too, runs without the local stack: start servers through @stoa/testing.',
      from: { path: '^packages/', pathNot: '^packages/testing/' },
      to: { path: '^infra/' },
    },
    {
      name: 'no-circles',
      severity: 'error',
      comment:
        'Modules that need each other, if only a type, are one or need a third: move what both need into a file of its own.',
      from: { pathNot: '/src/generated/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['dynamic-import'] } },
    },
    {
      name: 'resolvable',
      severity: 'error',
      comment: 'Nothing is found under this name: build the package, or add the dependency to its package.json.',
      from: {},
      to: { couldNotResolve: true },
    },
    ...Object.entries(FOLDERS).flatMap(oneWay),
  ],
  options: {
    // Under TypeScript 7 the default parser reads no .ts file, and only warns of it.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules|/dist/' },
    exclude: { path: '^apps/[^/]+/dist/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['node', 'import', 'default'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
};
