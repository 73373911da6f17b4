/** The names of a service's topics and groups. */
export interface TopicNames {
  readonly commands: string;
  readonly queries: string;
  readonly events: string;
  readonly states: string;
  readonly deadLetters: string;
  /** Group of commands and queries. */
  readonly group: string;
  /**
   * How the names of the groups of event subscriptions begin: each set of subscriptions has its own (`EventGroups`).
   */
  readonly eventsGroup: string;
  replies(cloneAndRandom: string): string;
}

export function topicNames(prefix: string, service: string): TopicNames {
  const name = `${prefix}${service}`;
  return {
    commands: `${name}.commands`,
    queries: `${name}.queries`,
    events: `${name}.events`,
    states: `${name}.states`,
    deadLetters: `${name}.dead-letters`,
    group: name,
    eventsGroup: `${name}.events`,
    replies: (cloneAndRandom) => `${name}.replies.${cloneAndRandom}`,
  };
}

/** Where services publish their contracts: compacted, one Kafka partition, keyed by service. */
export const contractsTopic = (prefix: string): string => `${prefix}stoa.contracts`;

/** Where processes without a reply topic ask the broker for its time. */
export const clockTopic = (prefix: string): string => `${prefix}stoa.clock`;
