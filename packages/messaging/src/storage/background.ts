import type { Background, BackgroundSetup } from '../background.js';
import { InboxExecutor } from './command-executor.js';
import { Leadership } from './leadership.js';
import { OutboxRelay } from './outbox-relay.js';

/** The executor of commands and, for each of the service's databases, a candidate for relaying its outbox. */
export function createBackground({ database, options, port }: BackgroundSetup): Background {
  const { topicPrefix, clone, logger } = options;
  const relays = database.servers().map(({ name, url }) => {
    const relay = new OutboxRelay({ port, topicPrefix, server: name, logger });
    const leadership = new Leadership({
      ...{ lock: `outbox-relay:${name}`, logger, url, applicationName: `${clone} relay` },
      lead: (session, signal) => relay.run(session, signal),
    });
    return { relay, leadership };
  });
  return {
    executor: new InboxExecutor({
      database,
      validateOutput: process.env['NODE_ENV'] !== 'production',
      onPublished: () => relays.forEach(({ relay }) => relay.kick()),
    }),
    start: async () => relays.forEach(({ leadership }) => leadership.start()),
    isReady: () => true,
    stop: async () => {
      await Promise.all(relays.map(({ leadership }) => leadership.stop()));
    },
  };
}
