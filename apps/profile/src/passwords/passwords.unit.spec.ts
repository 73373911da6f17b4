import { availableParallelism } from 'node:os';
import { Passwords } from './passwords.js';

describe('Passwords', () => {
  const passwords = new Passwords();

  it('hashes with argon2id at the cost that OWASP asks for, salted', async () => {
    const [one, other] = await Promise.all([passwords.hash('correct horse'), passwords.hash('correct horse')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(one).not.toBe(other);
  });

  it('knows the right password from others', async () => {
    const hash = await passwords.hash('correct horse');
    expect(await passwords.matches('correct horse', hash)).toBe(true);
    expect(await passwords.matches('Correct horse', hash)).toBe(false);
    expect(await passwords.matches('', hash)).toBe(false);
  });

  it('says no to the password of nobody', async () => {
    expect(await passwords.matches('anything', undefined)).toBe(false);
  });

  it('refuses who would wait too long, and serves the rest', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: availableParallelism() + 140 }, () => passwords.hash('x'.repeat(10))),
    );
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every((result) => (result.reason as { code: string }).code === 'OVERLOADED')).toBe(true);
    expect(results.length - refused.length).toBeGreaterThanOrEqual(128);
  });
});
