import { ProfileService } from '../../test/profile-service.js';

const email = 'Boss@Example.com';
const password = 'a long enough secret';
const operator = { STOA_OPERATOR_EMAIL: email, STOA_OPERATOR_PASSWORD: password };

describe('the operator account', () => {
  let profiles: ProfileService;
  beforeEach(async () => {
    profiles = await ProfileService.start();
  });
  afterEach(() => profiles.stop());

  const operators = (): Promise<unknown[]> =>
    profiles.rows("SELECT email, role FROM customers WHERE role = 'operator'");

  it('is made once by clones that start at once, and left alone by those that start later', async () => {
    await Promise.all([profiles.startClone(operator), profiles.startClone(operator), profiles.startClone(operator)]);
    expect(await operators()).toEqual([{ email: 'boss@example.com', role: 'operator' }]);
    expect(await profiles.names('SELECT FROM names')).toHaveLength(1);
    expect((await profiles.signIn(email, password)).body).toMatchObject({ role: 'operator', displayName: 'Operator' });

    const hash = await profiles.rows('SELECT password_hash FROM credentials');
    await profiles.startClone({ ...operator, STOA_OPERATOR_PASSWORD: 'quite another secret' });
    expect(await profiles.rows('SELECT password_hash FROM credentials')).toEqual(hash);
    expect(profiles.logs()).not.toContain(password);
  });

  it('never is the account of a customer who registered the address', async () => {
    await profiles.startClone();
    await profiles.register(email);
    const clone = await profiles.startClone(operator);
    expect(clone.logs()).toContain('STOA_OPERATOR_EMAIL belongs to a customer');
    expect(await operators()).toEqual([]);
    expect((await profiles.signIn(email)).body.role).toBe('customer');
  });
});
