import { CliError, oneOf, parseArguments, wholeNumber } from '@stoa/cli';
import type { Brokers } from './brokers.js';

/** The options of `npm start`, as written; setup.ts checks them against the topology. */
export interface StartOptions {
  detach: boolean;
  help: boolean;
  /** How many clones of which app. */
  clones: Map<string, number>;
  only: string[];
  without: string[];
  /** How many shard servers, if said. */
  shards?: number;
  /** How many Kafka brokers, if said. */
  brokers?: Brokers;
  /** A Toxiproxy before each server. */
  toxiproxy: boolean;
}

const MAX_CLONES = 32;
const MAX_SHARDS = 64;

/** The text of `npm start -- --help`. */
export const START_HELP = `npm start -- [options]

  --detach                       return when all is ready, and leave it running (npm run stop ends it)
  --clones APP=N [APP=N ...]     how many clones of a service run
  --only APP [APP ...]           only these services, with the servers that they need
  --without APP [APP ...]        all services but these; prints how to run them yourself against the rest
  --shards N                     how many Postgres servers hold sharded data: shard1 ... shardN (2 at the first start,
                                 later as many as there are)
  --brokers 1|3                  one Kafka broker, or three with every topic on all of them (1 at the first start, later as
                                 many as there are)
  --toxiproxy                    a Toxiproxy before each server, to disturb the network on purpose (toxiproxy-server on
                                 PATH, or TOXIPROXY_SERVER)
  --help                         this text

Environment:
  STOA_PORT                      the shop's port (4000); all other ports are free ones
  STOA_STATE_DIR                 where data, logs and downloads are kept (.stoa)
  STOA_CACHE_DIR                 where downloads are kept (.stoa/cache)
  STOA_OPERATOR_EMAIL, STOA_OPERATOR_PASSWORD
                                 the operator's account (made at the first start if not given)
  KAFKA_BROKERS, REDIS_URL, GATEWAY_DATABASE_URL, CATALOG_DATABASE_URL
                                 a server of yours instead of an embedded one
  PROFILE_SHARDS, LOOKUP_SHARDS, CART_SHARDS
                                 shards of yours, as JSON: [{"name":"shard1","url":"postgres://...","adminUrl":"postgres://..."}]
  STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET
                                 an account of yours at Stripe instead of the local payment provider
  DIRECTORY_URL, DIRECTORY_ADMIN_URL
                                 a shard map of yours, as services and as its owner reach it; it names the shards
`;

const SYNTAX = {
  command: 'npm start',
  options: {
    detach: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    toxiproxy: { type: 'boolean', default: false },
    clones: { type: 'string', multiple: true, list: true, example: 'catalog=3' },
    only: { type: 'string', multiple: true, list: true, example: 'cart' },
    without: { type: 'string', multiple: true, list: true, example: 'cart' },
    shards: { type: 'string', example: '2' },
    brokers: { type: 'string', example: '3' },
  },
} as const;

/** Reads the words after `npm start --`. @throws CliError that names the word which is not understood */
export function parseStartOptions(words: readonly string[]): StartOptions {
  const {
    detach,
    help,
    toxiproxy,
    clones = [],
    only = [],
    without = [],
    ...values
  } = parseArguments(words, SYNTAX).values;
  const counts = clones.map((value) => parseCloneCount('--clones', value));
  const shards = values.shards === undefined ? undefined : wholeNumber('--shards', values.shards, { to: MAX_SHARDS });
  const brokers = values.brokers === undefined ? undefined : oneOf('--brokers', values.brokers, ['1', '3']);
  if (only.length > 0 && without.length > 0) throw new CliError('--only and --without exclude each other');
  return {
    detach,
    help,
    toxiproxy,
    clones: new Map(counts),
    only,
    without,
    ...(shards !== undefined && { shards }),
    ...(brokers !== undefined && { brokers: brokers === '1' ? 1 : 3 }),
  };
}

/** Reads `catalog=3`. @param what begins the message of the CliError that is thrown for another number than 1 to 32 */
export function parseCloneCount(what: string, value: string): [app: string, count: number] {
  const [app = '', count = ''] = value.split('=');
  return [app, wholeNumber(`${what} ${app}`, count, { to: MAX_CLONES })];
}
