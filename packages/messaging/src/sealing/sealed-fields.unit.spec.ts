import { sealFields, SealingKeys } from './sealed-fields.js';

describe('sealed fields', () => {
  const keys = new SealingKeys(['a secret of the service, which all clones have']);
  const operation = 'profile.register';
  const input = { email: 'ada@example.com', password: 'correct horse', note: undefined };
  const seal = async (key = keys.publicKey) =>
    JSON.stringify(await sealFields(input, ['password', 'note'], { operation, key }));

  it('hide what they hold, differently each time, and are opened in their places', async () => {
    const [one, other] = [await seal(), await seal()];
    expect(one).not.toContain('horse');
    expect(one).not.toBe(other);
    for (const text of [one, other])
      expect(await keys.openFields(text, ['password'], operation)).toBe(JSON.stringify(input));
  });

  it('are opened by each clone of the service, and after its secret was changed', async () => {
    const [clone, later] = [
      new SealingKeys(['a secret of the service, which all clones have']),
      new SealingKeys([
        'another secret, which replaces the first one',
        'a secret of the service, which all clones have',
      ]),
    ];
    expect(clone.publicKey).toEqual(keys.publicKey);
    expect(later.publicKey.kid).not.toBe(keys.publicKey.kid);
    for (const each of [clone, later])
      expect(await each.openFields(await seal(), ['password'], operation)).toContain('horse');
  });

  it('leave a body as it is that has none', async () => {
    const text = '{ "password": "correct horse" }';
    expect(await keys.openFields(text, ['password'], operation)).toBe(text);
  });

  it('are refused when they are for another service, another operation, or were changed', async () => {
    const other = new SealingKeys(['the secret of another service, with keys of its own']);
    const open = async (text: string, as = operation) => keys.openFields(text, ['password'], as);
    await expect(open(await seal(other.publicKey))).rejects.toThrow('cannot be opened');
    await expect(open(await seal(), 'profile.changeMe')).rejects.toThrow('is for profile.register');
    const { password } = JSON.parse(await seal()) as { password: { jwe: string } };
    const parts = password.jwe.split('.');
    parts[3] = `${parts[3]!.startsWith('A') ? 'B' : 'A'}${parts[3]!.slice(1)}`;
    await expect(open(JSON.stringify({ password: { jwe: parts.join('.') } }))).rejects.toThrow('cannot be opened');
  });
});
