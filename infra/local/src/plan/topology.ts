/**
 * A service that `npm start` runs on one machine. It names the Postgres server of its database, or its sharded data;
 * everything else that it gets (ports, addresses, passwords) follows from here.
 */
export interface Service {
  app: string;
  /** How many run unless `--clones` says otherwise. */
  clones: number;
  /** The Postgres server that holds its database, which is called like the app; left out where it has none. */
  postgres?: string;
  /** Its migrations hand the audit trail to the server's owner, whose URL they get as ‹APP›_DATABASE_OWNER_URL. */
  keepsTrail?: boolean;
  /** Its sharded data: each has a database of its own name on each shard server. */
  keyspaces?: string[];
  /** Works on the shard map: gets DIRECTORY_ADMIN_URL. */
  operatesShards?: boolean;
  /** Serves HTTP behind the load balancer. */
  http: boolean;
  /** Gets REDIS_URL. */
  redis: boolean;
  /** Gets the operator's account, to create it if it is missing. */
  operator: boolean;
  /** Sends mail: gets a mailbox folder, and the secret that signs links in mails. */
  mail?: boolean;
  /** Takes payments: gets the payment provider's address and secrets. */
  pays?: boolean;
  /** Cap of V8's old space in MB. */
  heapMb: number;
}

export interface Topology {
  /** They start after the servers, side by side. */
  services: Service[];
  /** How many Postgres servers hold sharded data at the first start: shard1, shard2, ... */
  shards: number;
  /** The Postgres server that holds the shard map. */
  directory: string;
}

/** The shop of this repository. */
export const topology: Topology = {
  shards: 2,
  directory: 'main',
  services: [
    {
      app: 'profile',
      clones: 1,
      keyspaces: ['profile', 'lookup'],
      http: false,
      redis: false,
      operator: true,
      mail: true,
      heapMb: 128,
    },
    { app: 'catalog', clones: 2, postgres: 'main', http: false, redis: false, operator: false, heapMb: 96 },
    { app: 'cart', clones: 1, keyspaces: ['cart'], http: false, redis: false, operator: false, heapMb: 144 },
    { app: 'order', clones: 1, keyspaces: ['order'], http: false, redis: false, operator: false, heapMb: 128 },
    {
      app: 'payment',
      clones: 1,
      keyspaces: ['payment'],
      http: false,
      redis: false,
      operator: false,
      pays: true,
      heapMb: 96,
    },
    { app: 'shards', clones: 1, operatesShards: true, http: false, redis: false, operator: false, heapMb: 64 },
    {
      app: 'gateway',
      clones: 2,
      postgres: 'main',
      keepsTrail: true,
      http: true,
      redis: true,
      operator: false,
      heapMb: 144,
    },
  ],
};

/** The only port that is fixed; the rest are free ones. `STOA_PORT` changes it. */
export const SHOP_PORT = 4000;
