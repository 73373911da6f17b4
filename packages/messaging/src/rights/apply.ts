import { pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import {
  AclOperations,
  AclPermissionTypes,
  Admin,
  alterUserScramCredentialsV0,
  ConnectionPool,
  ResourcePatternTypes,
  ResourceTypes,
  ScramMechanisms,
} from '@stoa/kafka/client';
import type { Acl, AclOperation } from './acls.js';

type AclOperationValue = (typeof AclOperations)[keyof typeof AclOperations];
type LibraryAcl = Parameters<Admin['createAcls']>[0]['creations'][number];

/** A broker's users and their rights. */
export interface Rights {
  readonly brokers: readonly string[];
  /** A user that may do everything, by PLAIN. */
  readonly admin: { readonly username: string; readonly password: string };
  /** Passwords by user. */
  readonly users: Readonly<Record<string, string>>;
  readonly acls: readonly Acl[];
}

/** The least that brokers take (KIP-84): passwords of 144 random bits can't be guessed. */
const ITERATIONS = 4_096;
const SALT_BYTES = 24;

const OPERATIONS: Readonly<Record<AclOperation, AclOperationValue>> = {
  Read: AclOperations.READ,
  Write: AclOperations.WRITE,
  Create: AclOperations.CREATE,
  Delete: AclOperations.DELETE,
  Describe: AclOperations.DESCRIBE,
  DescribeConfigs: AclOperations.DESCRIBE_CONFIGS,
  AlterConfigs: AclOperations.ALTER_CONFIGS,
};

const RESOURCES = {
  topic: ResourceTypes.TOPIC,
  group: ResourceTypes.GROUP,
  'transactional-id': ResourceTypes.TRANSACTIONAL_ID,
} as const;

/**
 * Gives a broker its users and their rights, in a request for each kind. Rights that it has and that are not named are
 * taken from it; what is there already is left. @throws Error of the broker
 */
export async function applyRights({ brokers, admin, users, acls }: Rights): Promise<void> {
  const settings = { sasl: { mechanism: 'PLAIN', ...admin } as const, retries: 10, retryDelay: 100 };
  const client = new Admin({ clientId: 'rights', bootstrapBrokers: [...brokers], ...settings });
  const pool = new ConnectionPool('rights', settings);
  try {
    const [host = '', port = ''] = brokers[0]?.split(':') ?? [];
    const connection = await pool.get({ host, port: Number(port) });
    const credentials = await Promise.all(
      Object.entries(users).map(([name, password]) => credentialOf(name, password)),
    );
    const { results } = await alterUserScramCredentialsV0.api.async(connection, [], credentials);
    const failed = results.find(({ errorCode }) => errorCode !== 0);
    if (failed) throw new Error(`the broker takes no password of ${failed.user}: ${failed.errorMessage}`);
    await replaceAcls(client, acls);
  } finally {
    await Promise.allSettled([client.close(), pool.close()]);
  }
}

/** A password as a broker keeps it (RFC 5802). */
async function credentialOf(name: string, password: string) {
  const salt = randomBytes(SALT_BYTES);
  const saltedPassword = await promisify(pbkdf2)(password, salt, ITERATIONS, 64, 'sha512');
  return { name, mechanism: ScramMechanisms.SCRAM_SHA_512, iterations: ITERATIONS, salt, saltedPassword };
}

async function replaceAcls(client: Admin, acls: readonly Acl[]): Promise<void> {
  const wanted = new Map(acls.flatMap(libraryAcls).map((acl) => [nameOf(acl), acl]));
  const found = await client.describeAcls({ filter: ANY });
  const present = found.flatMap(({ resourceType, resourceName, resourcePatternType, acls: entries }) =>
    entries.map((entry) => ({ resourceType, resourceName, resourcePatternType, ...entry }) as LibraryAcl),
  );
  const known = new Set(present.map(nameOf));
  const creations = [...wanted].filter(([name]) => !known.has(name)).map(([, acl]) => acl);
  const filters = present.filter((acl) => !wanted.has(nameOf(acl)));
  if (creations.length > 0) await client.createAcls({ creations });
  if (filters.length > 0) await client.deleteAcls({ filters });
}

const ANY = {
  resourceType: ResourceTypes.ANY,
  resourceName: null,
  resourcePatternType: ResourcePatternTypes.ANY,
  principal: null,
  host: null,
  operation: AclOperations.ANY,
  permissionType: AclPermissionTypes.ANY,
};

const libraryAcls = ({ user, resource, name, pattern, operations }: Acl): LibraryAcl[] =>
  operations.map((operation) => ({
    resourceType: RESOURCES[resource],
    resourceName: name,
    resourcePatternType: pattern === 'literal' ? ResourcePatternTypes.LITERAL : ResourcePatternTypes.PREFIXED,
    principal: `User:${user}`,
    host: '*',
    operation: OPERATIONS[operation],
    permissionType: AclPermissionTypes.ALLOW,
  }));

const nameOf = ({ resourceType, resourceName, resourcePatternType, principal, operation }: LibraryAcl): string =>
  [resourceType, resourcePatternType, resourceName, principal, operation].join(' ');
