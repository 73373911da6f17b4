import { NewPasswords } from './new-passwords.js';

describe('NewPasswords', () => {
  const rules = new NewPasswords();
  const owner = { email: 'ada@example.com', displayName: 'Ada' };

  it.each(['1234567890', 'Password123!', 'qwertyuiop', 'aaaaaaaaaaaa', 'SANTACLAUS', 'lk9slwgh3x', 'adaadaada1'])(
    'refuses what is guessed first, in any case of letters: %s',
    async (password) => expect((await rules.judge(password, owner)).problem).toContain('guessed first'),
  );

  it.each(['correct horse battery', 'tr0ub4dor&3zz', 'ユニコーンが好きです', 'a'.repeat(5) + ' b c d e f g h i j k l'])(
    'has no rule about kinds of characters: %s',
    async (password) => expect((await rules.judge(password, owner)).problem).toBeUndefined(),
  );

  it('says how strong one is', async () => {
    const scores = ['passwordpassword', 'summer2026!', 'correct horse battery'].map((password) =>
      rules.judge(password, owner),
    );
    expect((await Promise.all(scores)).map(({ score }) => score)).toEqual([0, 2, 4]);
  });

  it('names the field, and what to do', async () => {
    await expect(rules.require('ada@example.com', owner, 'newPassword')).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      problems: [{ pointer: '/newPassword', detail: expect.stringContaining('own name or address') }],
    });
  });
});
