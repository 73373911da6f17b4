import { isMadeOf, lengthProblem, normalise, ownWords } from './new-password.js';

const ada = { email: 'ada.lovelace@analytical.example.com', username: 'engine_nr1', displayName: 'Ada Byron' };

describe('a new password', () => {
  it('is normalised: the same keys give the same characters on all machines', () => {
    expect(normalise('pa\u{FB03}n cafe\u0301')).toBe('paffin caf\u00e9');
  });

  it('has 10 to 128 characters, however many bytes each takes', () => {
    expect(lengthProblem('🐎'.repeat(9))).toContain('at least 10');
    expect(lengthProblem('🐎'.repeat(10))).toBeUndefined();
    expect(lengthProblem('🐎'.repeat(128))).toBeUndefined();
    expect(lengthProblem('🐎'.repeat(129))).toContain('at most 128');
  });

  it.each([
    'ada.lovelace1815',
    'AdaLovelace2024!',
    'LOVELACE-lovelace',
    'engine_nr1engine_nr1',
    'Byron 1234567',
    'analytical12',
  ])('is not made of the own words: %s', (password) => expect(isMadeOf(password, ownWords(ada))).toBe(true));

  it.each(['correct horse battery', 'lovelace and a kitchen chair', 'complicated engines'])(
    'may hold one of them, if the rest is long enough by itself: %s',
    (password) => expect(isMadeOf(password, ownWords(ada))).toBe(false),
  );
});
