import type { Steps } from '@stoa/cli';
import type { Operator } from '../state-dir/secrets.js';
import type { Setup } from './setup.js';

/** The dependencies of every step of a start. */
export interface Context {
  setup: Setup;
  /** Data, logs and what runs. */
  stateDir: string;
  /** The folder with the apps: `<appsDir>/<app>/dist/main.js`. */
  appsDir: string;
  /** The Node that runs clones. */
  node: string;
  env: NodeJS.ProcessEnv;
  progress: Steps;
  operator: Operator;
  /** See adminToken. */
  adminToken: string;
  /** See the function of that name. */
  tokenKeySecret: string;
}

/** Where servers are, once they run. */
export interface Addresses {
  kafka: string;
  /** Of each app at Kafka, whose name there is the app's; undefined where the environment names the brokers. */
  kafkaPasswords?: Readonly<Record<string, string>>;
  /** On how many brokers each topic is to be; undefined where the environment decides. */
  replicas?: number;
  redis: string;
  /** Where the local payment provider is; undefined where the environment names a real account, or nobody pays. */
  payments?: string;
  /** Database URLs by app. */
  databases: Map<string, string>;
  /** URLs of the same databases for the owner of their server, where the stack started it. */
  databaseOwners: Map<string, string>;
  /** The shard map; undefined where nothing is sharded. */
  directory?: Directory;
  /** The shards that each keyspace is to have, as JSON. */
  shards: Map<string, string>;
}

export interface Directory {
  adminUrl: string;
  /** As a service reaches it. */
  urlFor: (app: string) => string;
}
