import type { Addresses, Context } from '../plan/context.js';
import { databaseVariable, ownerVariable, shardsVariable } from '../plan/setup.js';
import type { Service } from '../plan/topology.js';
import { mailboxDir } from '../state-dir/files.js';
import { paymentSecrets, sealingSecret, serviceSecret } from '../state-dir/secrets.js';

/** The ports of a clone. */
export interface ClonePorts {
  /** For health, metrics and operators. */
  admin: number;
  /** For requests of the shop. */
  http?: number;
}

/** The variables that a clone gets from the stack: its name, its addresses, and no other service's database. */
export function cloneEnvironment(
  context: Context,
  addresses: Addresses,
  service: Service,
  name: string,
  ports: ClonePorts,
): Record<string, string> {
  const { operator, adminToken, tokenKeySecret } = context;
  return {
    STOA_CLONE: name,
    NODE_ENV: 'production',
    LOG_LEVEL: context.env.LOG_LEVEL ?? 'info',
    HOST: '127.0.0.1',
    ADMIN_PORT: String(ports.admin),
    // Dead letters are the services' own: the gateway has none to show.
    ...(service.http ? { TOKEN_KEY_SECRET: tokenKeySecret } : { ADMIN_TOKEN: adminToken }),
    ...(ports.http !== undefined && { PORT: String(ports.http) }),
    KAFKA_BROKERS: addresses.kafka,
    // The gateway seals what only a service may read; nothing is sealed to it.
    ...(!service.http && { SEALING_SECRET: sealingSecret(context.stateDir, service.app) }),
    ...kafkaUser(addresses, service),
    ...(addresses.replicas !== undefined && { KAFKA_REPLICATION_FACTOR: String(addresses.replicas) }),
    // HAProxy, on this machine, says who the proxies in front of it say calls.
    ...(service.http && { TRUSTED_PROXIES: ['loopback', ...proxies(context.env)].join(',') }),
    ...(service.redis && { REDIS_URL: addresses.redis }),
    ...dataEnvironment(addresses, service),
    ...(service.operator && { STOA_OPERATOR_EMAIL: operator.email, STOA_OPERATOR_PASSWORD: operator.password }),
    ...(service.mail && accountsEnvironment(context)),
    ...(service.pays && paymentEnvironment(context, addresses)),
  };
}

/** The account at the payment provider: of the stack's environment, or at the local one. No other service gets it. */
function paymentEnvironment({ stateDir, env }: Context, { payments }: Addresses): Record<string, string> {
  const returnUrl = env.PAYMENT_RETURN_URL || `http://127.0.0.1:${env.STOA_PORT || '4000'}`;
  if (payments === undefined) {
    const given = ['STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET', 'STRIPE_API_URL'].flatMap((name) => {
      const value = env[name];
      return value ? [[name, value] as const] : [];
    });
    return { ...Object.fromEntries(given), PAYMENT_RETURN_URL: returnUrl };
  }
  const { secretKey, webhookSecret } = paymentSecrets(stateDir);
  return {
    STRIPE_SECRET_KEY: secretKey,
    STRIPE_WEBHOOK_SECRET: webhookSecret,
    STRIPE_API_URL: payments,
    PAYMENT_RETURN_URL: returnUrl,
  };
}

/** Secrets of this machine. Mails go to a folder, unless the environment of the stack names a server (SMTP_URL). */
const accountsEnvironment = ({ stateDir, env }: Context): Record<string, string> => ({
  MAILBOX_DIR: mailboxDir(stateDir),
  MAIL_LINK_SECRET: env.MAIL_LINK_SECRET || serviceSecret(stateDir, 'mail'),
  MAIL_LINKS_URL: env.MAIL_LINKS_URL || `http://127.0.0.1:${env.STOA_PORT || '4000'}`,
  SECOND_FACTOR_KEY: env.SECOND_FACTOR_KEY || serviceSecret(stateDir, 'second-factor'),
  // The operator of this machine signs in with what is in a file of it.
  OWNER_SECOND_FACTOR: env.OWNER_SECOND_FACTOR || 'off',
});

const proxies = ({ TRUSTED_PROXIES = '' }: Context['env']): string[] => TRUSTED_PROXIES.split(',').filter(Boolean);

function kafkaUser({ kafkaPasswords }: Addresses, { app }: Service): Record<string, string> {
  const password = kafkaPasswords?.[app];
  return password === undefined ? {} : { KAFKA_USERNAME: app, KAFKA_PASSWORD: password };
}

/** The variables with a service's databases. */
function dataEnvironment({ databases, directory }: Addresses, service: Service): Record<string, string> {
  const { app, keyspaces = [], operatesShards = false } = service;
  const database = databases.get(app);
  return {
    ...(database !== undefined && { [databaseVariable(app)]: database }),
    ...(directory && keyspaces.length > 0 && { DIRECTORY_URL: directory.urlFor(app) }),
    ...(directory && operatesShards && { DIRECTORY_ADMIN_URL: directory.adminUrl }),
  };
}

/** The variables of a service's migrations: for sharded data also the owner's URL of the map and the wanted shards. */
export function migrationEnvironment(addresses: Addresses, service: Service): Record<string, string> {
  const { app, keyspaces = [], keepsTrail = false } = service;
  const { directory, shards } = addresses;
  const owner = keepsTrail ? addresses.databaseOwners.get(app) : undefined;
  const lists = keyspaces.flatMap((keyspace) => {
    const list = shards.get(keyspace);
    return list === undefined ? [] : [[shardsVariable(keyspace), list] as const];
  });
  return {
    ...dataEnvironment(addresses, service),
    ...(owner !== undefined && { [ownerVariable(app)]: owner }),
    ...(directory && keyspaces.length > 0 && { DIRECTORY_ADMIN_URL: directory.adminUrl }),
    ...Object.fromEntries(lists),
  };
}

/** Variables that the stack sets itself, and npm's. Settings such as LOG_LEVEL or KAFKA_CLIENT reach the clones. */
const NOT_INHERITED = new RegExp(
  [
    '^(npm_|NODE_OPTIONS$|REDIS_URL$|ADMIN_TOKEN$|TOKEN_KEY_SECRET$|STOA_OPERATOR_|PORT$|DIRECTORY_|STRIPE_|PAYMENTS_)',
    '_DATABASE_(OWNER_)?URL$',
    '_SHARDS$',
  ].join('|'),
);

/** The supervisor's own environment without NOT_INHERITED. */
export function inheritedEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !NOT_INHERITED.test(name)));
}
