/** The broker's settings: those of a real cluster where they decide behaviour, small where they only cost memory. */
export function brokerProperties(at: {
  port: number;
  controllerPort: number;
  dataDir: string;
}): Record<string, string> {
  return { ...addresses(at), ...TOPICS, ...GROUPS, ...SMALL };
}

function addresses(at: { port: number; controllerPort: number; dataDir: string }): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${at.controllerPort}`,
    listeners: `CLIENT://127.0.0.1:${at.port},CONTROLLER://127.0.0.1:${at.controllerPort}`,
    'advertised.listeners': `CLIENT://127.0.0.1:${at.port}`,
    'inter.broker.listener.name': 'CLIENT',
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': at.dataDir,
  };
}

const TOPICS = {
  'auto.create.topics.enable': 'false',
  'num.partitions': '4',
  'default.replication.factor': '1',
  'min.insync.replicas': '1',
  // Deadlines are counted from the broker's clock, not from clocks of different machines.
  'log.message.timestamp.type': 'LogAppendTime',
  'offsets.topic.num.partitions': '4',
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.num.partitions': '4',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'share.coordinator.state.topic.num.partitions': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
};

const GROUPS = {
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '1000',
  // A member learns of its new Kafka partitions by heartbeat: 5 s, the default, would be the time a new clone waits for work.
  'group.consumer.heartbeat.interval.ms': '500',
  'group.consumer.min.heartbeat.interval.ms': '100',
  'group.consumer.session.timeout.ms': '6000',
  'group.consumer.min.session.timeout.ms': '1000',
  // A broker that was killed may register again only when its last life is over by this time (9 s by default).
  'broker.session.timeout.ms': '5000',
  'broker.heartbeat.interval.ms': '500',
};

const SMALL = {
  'num.network.threads': '2',
  'num.io.threads': '4',
  'background.threads': '2',
  'num.recovery.threads.per.data.dir': '1',
  // 128 MB by default, taken from the heap at once.
  'log.cleaner.dedupe.buffer.size': '8388608',
  'log.cleaner.io.buffer.size': '131072',
};
