import { parseOptions } from './options.js';

const parse = (line: string) => parseOptions(line.split(' '));

it('reads commands with their options', () => {
  expect(parse('rebalance --by rows --group 16 --dry-run --json --keyspace cart,profile')).toMatchObject({
    command: 'rebalance',
    words: [],
    by: 'rows',
    group: 16,
    parallel: 2,
    dryRun: true,
    json: true,
    keyspaces: ['cart', 'profile'],
  });
  expect(parse('move --keyspace cart --buckets 0-3,7,7 --to shard2')).toMatchObject({
    buckets: [0, 1, 2, 3, 7],
    to: 'shard2',
  });
  expect(parse('drain shard1 --keep-free=10')).toMatchObject({ words: ['shard1'], keepFreeBytes: 10 * 1024 ** 2 });
  expect(parse('--help')).toBeUndefined();
  expect(parseOptions([])).toBeUndefined();
});

it.each([
  ['rebalanse', 'there is no command "rebalanse"'],
  ['toString', 'there is no command "toString"'],
  ['where', 'where needs an argument: npm run shards -- where ID | E-MAIL'],
  ['status now', '"now" is too much: npm run shards -- status'],
  ['status --dry-run', 'status knows no --dry-run'],
  ['verify --by rows', 'verify knows no --by'],
  ['rebalance --bye rows', '"--bye" is not understood'],
  ['rebalance --by mood', '--by needs bytes or rows, not "mood"'],
  ['rebalance --group 0', '--group needs a whole number from 1 to 256, not "0"'],
  ['rebalance --parallel x', '--parallel needs a whole number'],
  ['move --buckets 5-3 --to b', '--buckets takes numbers from 0 to 1023'],
  ['move --buckets 1024 --to b', '--buckets takes numbers from 0 to 1023'],
  ['add postgres://x --name Shard', '"Shard" can\'t name a shard'],
])('refuses "%s" with one line', (line, message) => {
  const parsing = () => parse(line);
  expect(parsing).toThrow(message);
  expect(parsing).toThrow(/^[^\n]*$/);
});
