export interface BrokerPlace {
  port: number;
  /** Its number, from 1. */
  node: number;
  /** Where the controller of each broker listens on 127.0.0.1, by number. */
  controllerPorts: readonly number[];
  dataDir: string;
  /** See KafkaOptions. */
  proxied?: Proxied;
  /** See KafkaOptions. */
  adminPassword?: string;
}

/** A way in for clients that come by a proxy. */
export interface Proxied {
  /** Where the broker listens for them. */
  readonly port: number;
  /** The port that the broker gives to them. */
  readonly advertised: number;
}

/** The broker's settings: those of a real cluster where they decide behaviour, small where they only cost memory. */
export function brokerProperties(place: BrokerPlace): Record<string, string> {
  const brokers = place.controllerPorts.length;
  const { adminPassword } = place;
  const secured = adminPassword === undefined ? {} : security(adminPassword);
  return {
    ...addresses(place),
    ...secured,
    ...TOPICS,
    ...replicas(brokers),
    ...heartbeats(brokers),
    ...GROUPS,
    ...SMALL,
  };
}

/** As a file of Java's. */
export function asProperties(settings: Record<string, string>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

function addresses(place: BrokerPlace): Record<string, string> {
  const { port, node, controllerPorts, dataDir, proxied, adminPassword } = place;
  const protocol = adminPassword === undefined ? 'PLAINTEXT' : 'SASL_PLAINTEXT';
  const [listener, advertised] = proxied
    ? [`,PROXIED://127.0.0.1:${proxied.port}`, `,PROXIED://127.0.0.1:${proxied.advertised}`]
    : ['', ''];
  return {
    'process.roles': 'broker,controller',
    'node.id': String(node),
    'controller.quorum.voters': controllerPorts.map((at, n) => `${n + 1}@127.0.0.1:${at}`).join(','),
    listeners: `CLIENT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPorts[node - 1]}${listener}`,
    'advertised.listeners': `CLIENT://127.0.0.1:${port}${advertised}`,
    'inter.broker.listener.name': 'CLIENT',
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': ['CLIENT', 'CONTROLLER', 'PROXIED']
      .map((name) => `${name}:${protocol}`)
      .join(','),
    'log.dirs': dataDir,
  };
}

const PLAIN = 'org.apache.kafka.common.security.plain.PlainLoginModule';
const SCRAM = 'org.apache.kafka.common.security.scram.ScramLoginModule';

/**
 * Everybody says who they are: services by SCRAM, with passwords that brokers have among their data; `admin` by PLAIN,
 * with the one of this file, because that is how brokers speak to each other before there are any data. What no ACL
 * allows is refused, but for `admin`.
 */
function security(adminPassword: string): Record<string, string> {
  const admin = `${PLAIN} required username="admin" password="${adminPassword}" user_admin="${adminPassword}";`;
  return {
    'listener.name.client.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-512',
    'listener.name.client.plain.sasl.jaas.config': admin,
    'listener.name.client.scram-sha-512.sasl.jaas.config': `${SCRAM} required;`,
    'listener.name.proxied.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-512',
    'listener.name.proxied.plain.sasl.jaas.config': admin,
    'listener.name.proxied.scram-sha-512.sasl.jaas.config': `${SCRAM} required;`,
    'listener.name.controller.sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.controller.plain.sasl.jaas.config': admin,
    'sasl.mechanism.inter.broker.protocol': 'PLAIN',
    'sasl.mechanism.controller.protocol': 'PLAIN',
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:admin',
    'allow.everyone.if.no.acl.found': 'false',
  };
}

/** Copies of everything on up to three brokers; with three, one may be unavailable: what is acknowledged is on two. */
function replicas(brokers: number): Record<string, string> {
  const factor = String(Math.min(brokers, 3));
  const inSync = brokers >= 3 ? '2' : '1';
  return {
    'default.replication.factor': factor,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': factor,
    'transaction.state.log.replication.factor': factor,
    'transaction.state.log.min.isr': inSync,
    'share.coordinator.state.topic.replication.factor': factor,
    'share.coordinator.state.topic.min.isr': inSync,
  };
}

/**
 * When a broker counts as failed. Requests wait for the partitions that it led, and a budget is 5 s: others must have
 * taken over by then, also from the controller, which is missed first. A single broker that was killed may register
 * again only when its last session is over by this time.
 */
function heartbeats(brokers: number): Record<string, string> {
  const session = { 'broker.session.timeout.ms': '2000', 'broker.heartbeat.interval.ms': '400' };
  if (brokers === 1) return session;
  return {
    ...session,
    'controller.quorum.fetch.timeout.ms': '1200',
    'controller.quorum.election.timeout.ms': '600',
    'controller.quorum.election.backoff.max.ms': '300',
  };
}

const TOPICS = {
  'auto.create.topics.enable': 'false',
  'num.partitions': '4',
  // Deadlines are counted from the broker's clock, not from clocks of different machines.
  'log.message.timestamp.type': 'LogAppendTime',
  'offsets.topic.num.partitions': '4',
  'transaction.state.log.num.partitions': '4',
  'share.coordinator.state.topic.num.partitions': '1',
};

const GROUPS = {
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '1000',
  // A member gets its new Kafka partitions with a heartbeat: a new clone would wait 5 s, the default, for work.
  'group.consumer.heartbeat.interval.ms': '500',
  'group.consumer.min.heartbeat.interval.ms': '100',
  'group.consumer.session.timeout.ms': '6000',
  'group.consumer.min.session.timeout.ms': '1000',
  // The heartbeat that finds a member missing computes the assignment, not the next one: these groups are small.
  'group.consumer.assignor.offload.enable': 'false',
  'group.consumer.assignment.interval.ms': '0',
};

const SMALL = {
  'num.network.threads': '2',
  'num.io.threads': '4',
  'background.threads': '2',
  'num.recovery.threads.per.data.dir': '2',
  // Of each Kafka partition a file of this size is made anew after a crash; the default is 10 MB.
  'log.index.size.max.bytes': '262144',
  // 128 MB by default, taken from the heap at once.
  'log.cleaner.dedupe.buffer.size': '8388608',
  'log.cleaner.io.buffer.size': '131072',
};
