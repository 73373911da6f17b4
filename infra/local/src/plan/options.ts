import { Failure } from '../failure.js';
import type { Brokers } from '../processes/broker-processes.js';

/** What `npm start -- ...` was asked for, as written; setup.ts checks it against the topology. */
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
  DIRECTORY_URL, DIRECTORY_ADMIN_URL
                                 a shard map of yours, as services and as its owner reach it; it names the shards
`;

/** Reads the words after `npm start --`. @throws Failure that names the word which is not understood. */
export function parseStartOptions(words: readonly string[]): StartOptions {
  const none = { detach: false, help: false, toxiproxy: false };
  const options: StartOptions = { ...none, clones: new Map(), only: [], without: [] };
  for (const [flag, values] of groups(words)) apply(options, flag, values);
  if (options.only.length > 0 && options.without.length > 0)
    throw new Failure('--only and --without exclude each other');
  return options;
}

/** Every flag with the words up to the next one; `--flag=a,b` and `--flag a b` are the same. */
function groups(words: readonly string[]): [string, string[]][] {
  const found: [string, string[]][] = [];
  for (const word of words) {
    if (word.startsWith('-')) {
      const [flag = '', ...value] = word.split('=');
      found.push([flag, value.length > 0 ? value.join('=').split(',') : []]);
    } else if (found.length === 0) {
      throw new Failure(`"${word}" is not an option of npm start; npm start -- --help lists them`);
    } else {
      found.at(-1)?.[1].push(...word.split(',').filter((part) => part !== ''));
    }
  }
  return found;
}

const SWITCHES = { '--detach': 'detach', '--help': 'help', '--toxiproxy': 'toxiproxy' } as const;

function apply(options: StartOptions, flag: string, values: string[]): void {
  switch (flag) {
    case '--detach':
    case '--help':
    case '--toxiproxy':
      if (values.length > 0) throw new Failure(`${flag} takes no value, but was given "${values.join(' ')}"`);
      options[SWITCHES[flag]] = true;
      break;
    case '--clones':
      for (const value of needed(flag, values, 'catalog=3')) options.clones.set(...parseCloneCount(flag, value));
      break;
    case '--only':
    case '--without':
      options[flag === '--only' ? 'only' : 'without'].push(...needed(flag, values, 'cart'));
      break;
    case '--shards':
      options.shards = wholeNumber(flag, needed(flag, values, '2').join(' '), 64);
      break;
    case '--brokers':
      options.brokers = oneOrThree(flag, needed(flag, values, '3').join(' '));
      break;
    default:
      throw new Failure(`"${flag}" is not an option of npm start; npm start -- --help lists them`);
  }
}

function needed(flag: string, values: string[], example: string): string[] {
  if (values.length === 0) throw new Failure(`${flag} needs a value, for example ${flag} ${example}`);
  return values;
}

/** Reads `catalog=3`. @param what begins the message of the Failure that is thrown for another number than 1 to 32 */
export function parseCloneCount(what: string, value: string): [app: string, count: number] {
  const [app = '', count = ''] = value.split('=');
  return [app, wholeNumber(`${what} ${app}`, count, 32)];
}

/** With two, neither could do without the other. */
function oneOrThree(flag: string, text: string): Brokers {
  if (text === '1') return 1;
  if (text === '3') return 3;
  throw new Failure(`${flag} needs 1 or 3, not "${text}"`);
}

function wholeNumber(what: string, text: string, largest: number): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= largest) return number;
  throw new Failure(`${what} needs a whole number from 1 to ${largest}, not "${text}"`);
}
