import { z } from 'zod';
import { ConfigError, loadConfig } from './load-config.js';
import { commaList, commonVariables, onOff, port, postgresUrl } from './variables.js';

const schema = z.object({
  PORT: port().describe('the port of the shop'),
  CART_DATABASE_URL: postgresUrl('carts'),
  BROKERS: commaList(),
  SHOW: onOff(true),
});

const problemsOf = (env: Record<string, string>): readonly string[] => {
  try {
    loadConfig(schema, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

describe('loadConfig', () => {
  it('reads numbers, lists and switches', () => {
    const env = {
      PORT: '4000',
      CART_DATABASE_URL: 'postgres://u:p@h/db',
      BROKERS: 'a:1, b:2',
      SHOW: 'off',
      OTHER: 'x',
    };
    expect(loadConfig(schema, env)).toEqual({
      PORT: 4000,
      CART_DATABASE_URL: 'postgres://u:p@h/db',
      BROKERS: ['a:1', 'b:2'],
      SHOW: false,
    });
  });

  it('names every wrong variable at once, and what to set it to', () => {
    const problems = problemsOf({ PORT: 'seventy', BROKERS: 'a,,b', SHOW: 'maybe' });
    expect(problems).toHaveLength(4);
    expect(problems[0]).toMatch(/^PORT: .*it is "seventy".*the port of the shop/);
    expect(problems[1]).toMatch(/^CART_DATABASE_URL is missing: set it .*database of carts/);
    expect(problems[2]).toMatch(/^BROKERS: .*without empty parts/);
    expect(problems[3]).toMatch(/^SHOW: .*"on"\|"off"/);
  });

  it('takes an empty variable as not set', () => {
    expect(problemsOf({ PORT: '', CART_DATABASE_URL: 'postgres://h/db', BROKERS: 'a' })).toEqual([
      'PORT is missing: set it (the port of the shop)',
    ]);
  });

  it('never shows the value of a secret', () => {
    const problems = problemsOf({ PORT: '1', BROKERS: 'a', CART_DATABASE_URL: 'mysql://u:hunter2@h/db' });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('CART_DATABASE_URL');
    expect(problems[0]).not.toContain('hunter2');
  });

  it('refuses ports that are none', () => {
    for (const value of ['-1', '65536', '1.5', 'abc']) {
      expect(problemsOf({ PORT: value, BROKERS: 'a', CART_DATABASE_URL: 'postgres://h/db' })).toHaveLength(1);
    }
  });

  it('needs of a clone only its name and the brokers', () => {
    const config = loadConfig(commonVariables, { STOA_CLONE: 'cart-1', KAFKA_BROKERS: 'localhost:9092' });
    expect(config).toMatchObject({
      HOST: '127.0.0.1',
      ADMIN_PORT: 0,
      KAFKA_CLIENT: 'platformatic',
      KAFKA_TOPIC_PREFIX: '',
      KAFKA_REPLICATION_FACTOR: 1,
      KAFKA_PARTITIONS: 12,
      STOA_SERVED_BY: true,
      STOA_DATABASE_CONNECTIONS: 40,
    });
  });

  it.each([
    ['STOA_DATABASE_CONNECTIONS', '3', /pools have to Postgres together/],
    ['STOA_DATABASE_CONNECTIONS', 'many', /it is "many"/],
    ['STOA_POOLER_PORT', '0', /transaction pooler/],
  ])('refuses %s=%s, and says what it is', (name, value, why) => {
    const env = { STOA_CLONE: 'cart-1', KAFKA_BROKERS: 'localhost:9092', [name]: value };
    expect(() => loadConfig(commonVariables, env)).toThrow(why);
  });
});
