import { oneOf, parseArguments, wholeNumber } from './arguments.js';
import { CliError } from './errors.js';

describe('words of commands', () => {
  const audit = { command: 'npm run audit', options: { minutes: { type: 'string' } } } as const;
  const start = {
    command: 'npm start',
    options: {
      detach: { type: 'boolean' },
      only: { type: 'string', multiple: true, list: true, example: 'cart' },
      lines: { type: 'string', short: 'n' },
    },
  } as const;

  it('names the word that a command does not know, and where to read which it knows', () => {
    const stop = { command: 'npm run stop', options: {} };
    expect(() => parseArguments(['now'], stop)).toThrow(
      '"now" is not understood; npm run stop -- --help says what there is',
    );
    expect(() => parseArguments(['now'], stop)).toThrow(CliError);
    expect(() => parseArguments(['--minute', '3'], audit)).toThrow(/"--minute".*npm run audit -- --help/);
    expect(parseArguments(['--minutes', '3'], audit).values).toEqual({ minutes: '3' });
  });

  it.each([
    [['--detach', 'yes'], '--detach takes no value, but was given "yes"'],
    [['--detach=yes'], '--detach takes no value, but was given "yes"'],
    [['--only'], '--only needs a value, for example --only cart'],
    [['--only', '--detach'], '--only needs a value, for example --only cart'],
    [['-n', '--detach'], '-n needs a value'],
    [['--lines', '1', '2'], '--lines takes one value, not "1 2"'],
    [['--toString', '2'], '"--toString" is not understood'],
    [['--no-detach'], '"--no-detach" is not understood'],
    [['-x'], '"-x" is not understood'],
  ])('refuses %j in one line', (words, message) => {
    expect(() => parseArguments(words, start)).toThrow(message);
    expect(() => parseArguments(words, start)).toThrow(/^[^\n]*$/);
  });

  it.each([[['--only', 'a', 'b']], [['--only', 'a,b']], [['--only=a,b']], [['--only', 'a', '--only', 'b']]])(
    'reads %j as a list',
    (words) => {
      expect(parseArguments(words, start)).toEqual({ values: { only: ['a', 'b'] }, words: [] });
    },
  );

  it('ends a list at the next option, and leaves other words alone', () => {
    expect(parseArguments(['x', '--only', 'a', '-n', '2', 'y', '--', '-z'], { ...start, words: true })).toEqual({
      values: { only: ['a'], lines: '2' },
      words: ['x', 'y', '-z'],
    });
  });
});

describe('values', () => {
  it.each([
    ['--minutes', '0', {}, '--minutes needs a whole number from 1, not "0"'],
    ['--minutes', '1.5', {}, '--minutes needs a whole number from 1, not "1.5"'],
    ['--seed', '-1', { from: 0 }, '--seed needs a whole number from 0, not "-1"'],
    ['--group', '257', { to: 256 }, '--group needs a whole number from 1 to 256, not "257"'],
  ])('refuses %s %s', (flag, given, bounds, message) => {
    expect(() => wholeNumber(flag, given, bounds)).toThrow(message);
  });

  it('reads those that are right', () => {
    expect([wholeNumber('--seed', '0', { from: 0 }), oneOf('--brokers', '3', ['1', '3'])]).toEqual([0, '3']);
    expect(() => oneOf('--brokers', '2', ['1', '3'])).toThrow('--brokers needs 1 or 3, not "2"');
  });
});
