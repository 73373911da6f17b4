import { topology } from '../topology.js';
import { parseStartOptions } from './options.js';
import { resolveSetup, type Setup } from './setup.js';

const setupOf = (words: string[], env: NodeJS.ProcessEnv = {}): Setup =>
  resolveSetup(topology, parseStartOptions(words), env);
const clonesOf = (setup: Setup): Record<string, number> =>
  Object.fromEntries(setup.services.map(({ app, clones }) => [app, clones]));

describe('npm start options', () => {
  it('runs two gateways and catalogs, one profile and cart, on three Postgres servers by default', () => {
    const setup = setupOf([]);
    expect(clonesOf(setup)).toEqual({ gateway: 2, catalog: 2, profile: 1, cart: 1 });
    expect(setup.postgres).toEqual(['main', 'shard1', 'shard2']);
    expect(setup.port).toBe(4000);
  });

  it.each([
    [['--clones', 'catalog=3', 'cart=2']],
    [['--clones', 'catalog=3', '--clones', 'cart=2']],
    [['--clones=catalog=3,cart=2']],
  ])('takes numbers of clones as %j', (words) => {
    expect(clonesOf(setupOf(words))).toEqual({ gateway: 2, catalog: 3, profile: 1, cart: 2 });
  });

  it('leaves a service out but keeps the server of its database', () => {
    const setup = setupOf(['--without', 'cart']);
    expect(Object.keys(clonesOf(setup))).toEqual(['profile', 'catalog', 'gateway']);
    expect(setup.leftOut.map(({ app }) => app)).toEqual(['cart']);
    expect(setup.postgres).toEqual(['main', 'shard1', 'shard2']);
  });

  it('starts only the servers that the chosen services need', () => {
    const setup = setupOf(['--only', 'cart']);
    expect(clonesOf(setup)).toEqual({ cart: 1 });
    expect([setup.postgres, setup.leftOut]).toEqual([['shard2'], []]);
  });

  it('lets services share shard servers when there are fewer, and starts more when asked', () => {
    expect(setupOf(['--shards', '1']).postgres).toEqual(['main', 'shard1']);
    expect(setupOf(['--shards', '4']).postgres).toEqual(['main', 'shard1', 'shard2', 'shard3', 'shard4']);
  });

  it('starts no Postgres server for a database of the environment', () => {
    const setup = setupOf([], { CART_DATABASE_URL: 'postgres://u:p@h/cart', KAFKA_BROKERS: 'k:9092' });
    expect(setup.postgres).toEqual(['main', 'shard1']);
    expect(setup.external).toEqual({ kafka: 'k:9092', databases: new Map([['cart', 'postgres://u:p@h/cart']]) });
  });

  it.each([
    [['--clons', 'cart=2'], {}, '"--clons" is not an option'],
    [['cart=2'], {}, '"cart=2" is not an option'],
    [['--clones', 'carts=2'], {}, 'no service "carts"; there are profile, catalog, cart, gateway'],
    [['--clones', 'cart=0'], {}, 'a whole number from 1 to 32, not "0"'],
    [['--clones', 'cart'], {}, 'a whole number from 1 to 32, not ""'],
    [['--clones'], {}, '--clones needs a value'],
    [['--shards', '2', '3'], {}, 'not "2 3"'],
    [['--detach', 'yes'], {}, '--detach takes no value'],
    [['--only', 'cart', '--without', 'catalog'], {}, 'exclude each other'],
    [['--without', 'cart', 'catalog', 'profile', 'gateway'], {}, 'no service is left'],
    [[], { STOA_PORT: '80x' }, 'STOA_PORT must be a port number from 1 to 65535, not "80x"'],
  ])('refuses %j in one line', (words, env, message) => {
    expect(() => setupOf(words, env)).toThrow(message);
    expect(() => setupOf(words, env)).toThrow(expect.objectContaining({ name: 'Failure' }));
  });
});
