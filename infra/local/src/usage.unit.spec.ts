import { mustBe, parseWords, refuseOthers, SEED, USAGE, WHOLE } from './usage.js';

describe('words of commands', () => {
  it('names the word that a command does not know, and where to read which it knows', () => {
    expect(() => refuseOthers('stop', ['now'])).toThrow(
      '"now" is not understood; npm run stop -- --help says what there is',
    );
    expect(() => refuseOthers('status', ['--json'], ['--json'])).not.toThrow();
    const options = { minutes: { type: 'string' } } as const;
    expect(() => parseWords('audit', { args: ['--minute', '3'], options })).toThrow(
      /'--minute'.*\(npm run audit -- --help/,
    );
    expect(parseWords('audit', { args: ['--minutes', '3'], options }).values).toEqual({ minutes: '3' });
  });

  it.each([
    ['--minutes', '0', WHOLE],
    ['--minutes', '1.5', WHOLE],
    ['--seed', '-1', SEED],
  ])('refuses %s %s', (flag, given, form) => {
    expect(() => mustBe('audit', flag, given, form)).toThrow(`${flag} is ${form.called}, not "${given}"`);
  });

  it.each(Object.entries(USAGE))('%s says how it is called, by its name for npm', (verb, text) => {
    expect(text).toMatch(new RegExp(`^npm run ${verb.replace('test-moves', 'test:moves')}\\b`));
  });
});
