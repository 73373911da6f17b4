import { topology } from './topology.js';
import { parseStartOptions } from './options.js';
import { resolveSetup, type Setup } from './setup.js';

const setupOf = (words: string[], env: NodeJS.ProcessEnv = {}): Setup =>
  resolveSetup(topology, parseStartOptions(words), env);
const clonesOf = (setup: Setup): Record<string, number> =>
  Object.fromEntries(setup.services.map(({ app, clones }) => [app, clones]));

const ONE_OF_EACH = { profile: 1, cart: 1, order: 1, payment: 1, shards: 1 };

describe('npm start options', () => {
  it('runs two gateways and catalogs, one of the other services, on three Postgres servers by default', () => {
    const setup = setupOf([]);
    expect(clonesOf(setup)).toEqual({ gateway: 2, catalog: 2, ...ONE_OF_EACH, cart: 1 });
    expect(setup.postgres).toEqual(['main']);
    expect(setup.sharded).toEqual({ keyspaces: ['profile', 'lookup', 'cart', 'order', 'payment'], usual: 2 });
    expect(setup.port).toBe(4000);
  });

  it.each([
    [['--clones', 'catalog=3', 'cart=2']],
    [['--clones', 'catalog=3', '--clones', 'cart=2']],
    [['--clones=catalog=3,cart=2']],
  ])('takes numbers of clones as %j', (words) => {
    expect(clonesOf(setupOf(words))).toEqual({ gateway: 2, catalog: 3, ...ONE_OF_EACH, cart: 2 });
  });

  it('leaves a service out but keeps its keyspace', () => {
    const setup = setupOf(['--without', 'cart']);
    expect(Object.keys(clonesOf(setup))).toEqual(['profile', 'catalog', 'order', 'payment', 'shards', 'gateway']);
    expect(setup.leftOut.map(({ app }) => app)).toEqual(['cart']);
    expect(setup.sharded?.keyspaces).toEqual(['profile', 'lookup', 'order', 'payment', 'cart']);
  });

  it('starts only the servers that the chosen services need', () => {
    const cart = setupOf(['--only', 'cart']);
    expect(clonesOf(cart)).toEqual({ cart: 1 });
    // The shard map is on main.
    expect([cart.postgres, cart.sharded?.keyspaces, cart.leftOut]).toEqual([['main'], ['cart'], []]);
    const catalog = setupOf(['--only', 'catalog']);
    expect([catalog.postgres, catalog.sharded]).toEqual([['main'], undefined]);
  });

  it('takes as many shard servers as are asked for', () => {
    expect(setupOf(['--shards', '4']).sharded?.asked).toBe(4);
  });

  it('takes one or three brokers, or as many as there are', () => {
    expect([setupOf([]).brokers, setupOf(['--brokers', '3']).brokers]).toEqual([undefined, 3]);
  });

  it('starts no Postgres server for what the environment names', () => {
    const shards = '[{"name":"a","url":"postgres://u:p@h/cart","adminUrl":"postgres://o:p@h/cart"}]';
    const some = setupOf([], { CART_SHARDS: shards, KAFKA_BROKERS: 'k:9092' });
    expect(some.sharded?.keyspaces).toEqual(['profile', 'lookup', 'order', 'payment']);
    expect(some.external).toEqual({ kafka: 'k:9092', databases: new Map(), shards: new Map([['cart', shards]]) });
    const url = 'postgres://u:p@h/d';
    const all = setupOf([], {
      GATEWAY_DATABASE_URL: url,
      CATALOG_DATABASE_URL: url,
      DIRECTORY_URL: url,
      DIRECTORY_ADMIN_URL: url,
    });
    expect([all.postgres, all.sharded]).toEqual([[], undefined]);
  });

  it.each([
    [['--clons', 'cart=2'], {}, '"--clons" is not understood'],
    [['cart=2'], {}, '"cart=2" is not understood'],
    [
      ['--clones', 'carts=2'],
      {},
      'no service "carts"; there are profile, catalog, cart, order, payment, shards, gateway',
    ],
    [['--clones', 'cart=0'], {}, 'a whole number from 1 to 32, not "0"'],
    [['--clones', 'cart'], {}, 'a whole number from 1 to 32, not ""'],
    [['--clones'], {}, '--clones needs a value'],
    [['--shards', '2', '3'], {}, 'not "2 3"'],
    [['--brokers', '2'], {}, '--brokers needs 1 or 3, not "2"'],
    [['--brokers', '3'], { KAFKA_BROKERS: 'k:9092' }, '--brokers and KAFKA_BROKERS exclude each other'],
    [['--detach', 'yes'], {}, '--detach takes no value'],
    [['--only', 'cart', '--without', 'catalog'], {}, 'exclude each other'],
    [['--without', 'cart', 'order', 'payment', 'catalog', 'profile', 'shards', 'gateway'], {}, 'no service is left'],
    [[], { DIRECTORY_URL: 'postgres://h/d' }, 'set both DIRECTORY_URL and DIRECTORY_ADMIN_URL, or neither'],
    [[], { CART_DATABASE_URL: 'postgres://h/d' }, 'its data are sharded, name its shards in CART_SHARDS'],
    [[], { STOA_PORT: '80x' }, 'STOA_PORT must be a port number from 1 to 65535, not "80x"'],
  ])('refuses %j in one line', (words, env, message) => {
    expect(() => setupOf(words, env)).toThrow(message);
    expect(() => setupOf(words, env)).toThrow(expect.objectContaining({ name: 'CliError' }));
  });
});
