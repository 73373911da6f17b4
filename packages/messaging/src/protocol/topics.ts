/** The names of a service's topics and groups. */
export interface TopicNames {
  readonly commands: string;
  readonly queries: string;
  readonly events: string;
  readonly states: string;
  /** The topic of one of several states; that of the first without a name. */
  statesOf(topic: string | undefined): string;
  readonly deadLetters: string;
  /** Where the service publishes its contract: compacted, one Kafka partition, and nobody else's to write. */
  readonly contract: string;
  /** Group of commands and queries. */
  readonly group: string;
  /**
   * How the names of the groups of event subscriptions begin: each set of subscriptions has its own (`EventGroups`).
   */
  readonly eventsGroup: string;
  replies(cloneAndRandom: string): string;
}

/** The topic of a state; `topic` is what its declaration says. */
export const statesTopic = (name: string, topic: string | undefined): string =>
  topic === undefined ? `${name}.states` : `${name}.states.${topic}`;

export function topicNames(prefix: string, service: string): TopicNames {
  const name = `${prefix}${service}`;
  return {
    commands: `${name}.commands`,
    queries: `${name}.queries`,
    events: `${name}.events`,
    states: `${name}.states`,
    statesOf: (topic) => statesTopic(name, topic),
    deadLetters: `${name}.dead-letters`,
    contract: `${name}.contract`,
    group: name,
    eventsGroup: `${name}.events`,
    replies: (cloneAndRandom) => `${name}.replies.${cloneAndRandom}`,
  };
}

/**
 * Where versions before the topic for each service published their contracts, keyed by service. Gateways of such a
 * version read nothing else; of a service with a topic of its own, no other gateway does.
 */
export const contractsTopic = (prefix: string): string => `${prefix}stoa.contracts`;

/** The service whose word on which person calls is believed. */
export const GATEWAY = 'gateway';

/**
 * Where gateways publish the public keys that prove who calls, and a service that calls others those that prove that it
 * does; nobody else may write there.
 */
export const callerKeysTopic = (prefix: string, issuer = GATEWAY): string => `${prefix}${issuer}.keys`;

const SERVICE = /^([A-Za-z][\w-]*)\.contract$/;

/** The service whose contract a topic is for; undefined for any other topic. */
export const serviceOfContractTopic = (prefix: string, topic: string): string | undefined =>
  topic.startsWith(prefix) ? SERVICE.exec(topic.slice(prefix.length))?.[1] : undefined;

/** Where processes without a reply topic ask the broker for its time. */
export const clockTopic = (prefix: string): string => `${prefix}stoa.clock`;
