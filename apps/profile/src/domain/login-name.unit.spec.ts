import { holds, namesOf, nameTyped } from './login-name.js';

describe('a login name', () => {
  it('is an e-mail address when it has an @, else a username; folded', () => {
    expect(nameTyped('Ada@Example.com')).toEqual({ kind: 'email', name: 'ada@example.com' });
    expect(nameTyped('Ada_L')).toEqual({ kind: 'username', name: 'ada_l' });
    expect(nameTyped('zoe\u0308@example.com')).toEqual({ kind: 'email', name: 'zoë@example.com' });
  });

  it("is held by whose row says so, and never by one who isn't there", () => {
    const held = { email: 'ada@example.com', username: null };
    expect(namesOf(held)).toEqual([{ kind: 'email', name: 'ada@example.com' }]);
    expect(holds(held, nameTyped('ADA@example.com'))).toBe(true);
    expect(holds(held, nameTyped('ada'))).toBe(false);
    expect(holds({ ...held, username: 'ada' }, nameTyped('ada'))).toBe(true);
    expect(holds(undefined, nameTyped('ada@example.com'))).toBe(false);
  });
});
