import { callerKeysTopic, clockTopic, contractsTopic, GATEWAY, topicNames } from '../protocol/topics.js';

/** One line of a broker's access control list: it allows, and what no line allows is refused. */
export interface Acl {
  /** A service's name at the brokers, or `*` for all who have one. */
  readonly user: string;
  readonly resource: 'topic' | 'group' | 'transactional-id';
  readonly name: string;
  readonly pattern: 'literal' | 'prefixed';
  readonly operations: readonly AclOperation[];
}

export type AclOperation = 'Read' | 'Write' | 'Create' | 'Delete' | 'Describe' | 'DescribeConfigs' | 'AlterConfigs';

/** A service that sends commands to another one. */
export interface ServiceCall {
  readonly from: string;
  readonly to: string;
}

/** The services whose events and states a service reads, by its name. */
export type Followed = ReadonlyMap<string, readonly string[]>;

const READS: readonly AclOperation[] = ['Read', 'Describe', 'Create', 'DescribeConfigs'];
const OWNS: readonly AclOperation[] = [...READS, 'AlterConfigs'];
const WRITES: readonly AclOperation[] = [...OWNS, 'Write'];

/**
 * The rights of each service at the brokers, as they follow from the contracts: a service reads its requests and writes
 * its events, states, replies and contract; gateways write requests, and so does a service to those whose contract says
 * so (`caller: 'service:order'`). Events and states may be read by gateways, and by the services whose contract says
 * that they follow them, or does not say whom they follow.
 * @param services names of those that have a contract
 * @param follows by services that say whom they follow
 */
export function aclsOf(
  services: readonly string[],
  prefix = '',
  calls: readonly ServiceCall[] = [],
  follows: Followed = new Map(),
): Acl[] {
  return [
    ...callers([...new Set(calls.map(({ from }) => from))], prefix),
    ...calls.flatMap((call) => between(call, prefix)),
    ...services.flatMap((service) => published(service, readersOf(service, services, follows), prefix)),
    ...everybody(prefix),
    ...services.flatMap((service) => own(service, prefix)),
    ...gateway(services, prefix),
  ];
}

const topic = (user: string, name: string, operations: readonly AclOperation[]): Acl => ({
  user,
  resource: 'topic',
  name,
  pattern: 'literal',
  operations,
});

/** The topics whose names begin so. */
const under = (user: string, name: string, operations: readonly AclOperation[]): Acl => ({
  ...topic(user, name, operations),
  pattern: 'prefixed',
});

/** Who may read what a service publishes; the service itself writes it, and has the right with that. */
function readersOf(service: string, services: readonly string[], follows: Followed): readonly string[] {
  const others = services.filter((user) => user !== service);
  const readers = others.filter((user) => follows.get(user)?.includes(service) ?? true);
  return readers.length === others.length ? ['*'] : [...readers, GATEWAY];
}

function published(service: string, readers: readonly string[], prefix: string): Acl[] {
  const { events, states } = topicNames(prefix, service);
  return readers.flatMap((user) => [
    topic(user, events, READS),
    topic(user, states, READS),
    under(user, `${states}.`, READS),
  ]);
}

function everybody(prefix: string): Acl[] {
  return [
    topic('*', clockTopic(prefix), [...READS, 'Write']),
    // Nobody writes it any more: contracts have topics of their own.
    topic('*', contractsTopic(prefix), READS),
    topic('*', callerKeysTopic(prefix), READS),
    under('*', topicNames(prefix, GATEWAY).replies(''), ['Write', 'Describe']),
  ];
}

function own(service: string, prefix: string): Acl[] {
  const names = topicNames(prefix, service);
  return [
    ...[names.commands, names.queries].map((name) => topic(service, name, OWNS)),
    ...[names.events, names.states, names.deadLetters, names.contract].map((name) => topic(service, name, WRITES)),
    // A state may have a topic of its own: catalog.states.availability.
    under(service, `${names.states}.`, WRITES),
    ...groups(service, prefix),
    { ...transactions(service, `${prefix}relay.${service}`), pattern: 'literal' },
    // Of a service on shards there is one for each: relay.cart@shard1.
    { ...transactions(service, `${prefix}relay.${service}@`), pattern: 'prefixed' },
  ];
}

/** Services that call others get replies, and prove who they are. */
const callers = (services: readonly string[], prefix: string): Acl[] =>
  services.flatMap((service) => [
    topic('*', callerKeysTopic(prefix, service), READS),
    topic(service, callerKeysTopic(prefix, service), WRITES),
    under(service, topicNames(prefix, service).replies(''), [...READS, 'Write', 'Delete']),
  ]);

const between = ({ from, to }: ServiceCall, prefix: string): Acl[] => [
  topic(from, topicNames(prefix, to).commands, ['Write', 'Describe']),
  under(to, topicNames(prefix, from).replies(''), ['Write', 'Describe']),
];

const transactions = (user: string, name: string) =>
  ({ user, resource: 'transactional-id', name, operations: ['Write', 'Describe'] }) as const;

function groups(user: string, prefix: string): Acl[] {
  const operations: readonly AclOperation[] = ['Read', 'Describe', 'Delete', 'DescribeConfigs', 'AlterConfigs'];
  const { group, eventsGroup } = topicNames(prefix, user);
  return [
    { user, resource: 'group', name: group, pattern: 'literal', operations },
    { user, resource: 'group', name: eventsGroup, pattern: 'prefixed', operations },
    // By kafkajs, what is read without a group is read in one that is named after its clone.
    { user, resource: 'group', name: `${user}-`, pattern: 'prefixed', operations },
  ];
}

function gateway(services: readonly string[], prefix: string): Acl[] {
  const requests = services.flatMap((service) => {
    const { commands, queries } = topicNames(prefix, service);
    return [commands, queries].map((name) => topic(GATEWAY, name, ['Write', 'Describe']));
  });
  const contracts = services.map((service) =>
    topic(GATEWAY, topicNames(prefix, service).contract, ['Read', 'Describe']),
  );
  return [
    ...requests,
    ...contracts,
    topic(GATEWAY, callerKeysTopic(prefix), WRITES),
    under(GATEWAY, topicNames(prefix, GATEWAY).replies(''), [...READS, 'Write', 'Delete']),
    ...groups(GATEWAY, prefix),
  ];
}

/** An ACL as kafka-acls takes it. */
export const asArguments = ({ user, resource, name, pattern, operations }: Acl): string =>
  [
    `--add --allow-principal 'User:${user}'`,
    `--${resource} '${name}'`,
    `--resource-pattern-type ${pattern}`,
    ...operations.map((operation) => `--operation ${operation}`),
  ].join(' ');
