import { newId, type Caller } from '@stoa/messaging';
import { eventually, GENEROUS_BUDGET_MS, uniqueName } from '@stoa/testing';
import { customer, PASSWORD, ProfileService, type Reply } from '../../test/profile-service.js';

const owner = (customerId: string): Caller => ({ kind: 'operator', customerId });
const outcome = ({ ok, body }: Reply): string => (ok ? 'ok' : body.code);
const BOSS = { STOA_OPERATOR_EMAIL: 'boss@example.com', STOA_OPERATOR_PASSWORD: 'a long enough secret' };

describe('operators', () => {
  let profiles: ProfileService;
  let boss: string;

  beforeAll(async () => {
    profiles = await ProfileService.start();
    await Promise.all([profiles.startClone(BOSS), profiles.startClone(BOSS)]);
    const { body } = await profiles.signIn(BOSS.STOA_OPERATOR_EMAIL, BOSS.STOA_OPERATOR_PASSWORD);
    expect(body).toMatchObject({ role: 'operator', roles: ['owner'] });
    boss = body.customerId;
  });
  afterAll(() => profiles?.stop());

  const ask = (operation: Parameters<ProfileService['ask']>[0], input: object, by = owner(boss)): Promise<Reply> =>
    profiles.ask(operation, input, by, { id: newId(), budgetMs: GENEROUS_BUDGET_MS });
  const verified = async (): Promise<{ email: string; customerId: string }> => {
    const email = `${uniqueName('ada')}@example.com`;
    const { customerId } = (await profiles.register(email)).body;
    await profiles.rows('UPDATE customers SET verified_email = email WHERE customer_id = $1', [customerId]);
    return { email, customerId };
  };
  const made = async (...roles: string[]): Promise<{ email: string; customerId: string }> => {
    const who = await verified();
    expect(outcome(await ask('createOperator', { email: who.email, roles }))).toBe('ok');
    return who;
  };
  const standing = async (email: string): Promise<unknown> => (await profiles.signIn(email, PASSWORD)).body;
  const changed = (customerId: string, version: number): Promise<unknown> =>
    eventually(async () =>
      expect(await profiles.rows('SELECT version FROM customers WHERE customer_id = $1', [customerId])).toEqual([
        { version },
      ]),
    );

  it('are made of customers who verified their address, and listed', async () => {
    const stranger = { email: `${uniqueName('eve')}@example.com`, roles: ['catalog'] };
    expect(outcome(await ask('createOperator', stranger))).toBe('NOT_FOUND');
    await profiles.register(stranger.email);
    expect(outcome(await ask('createOperator', stranger))).toBe('EMAIL_NOT_VERIFIED');
    const { email, customerId } = await made('catalog', 'support');
    // Older gateways, which know no roles, are shown a customer.
    expect(await standing(email)).toMatchObject({ role: 'customer', roles: ['catalog', 'support'] });
    const { items } = (await ask('listOperators', {})).body as unknown as { items: object[] };
    expect(items).toContainEqual(expect.objectContaining({ customerId, email, roles: ['catalog', 'support'] }));
    await changed(customerId, 2);
    const published = await profiles.events(customerId, 3);
    expect(published).toContainEqual(expect.objectContaining({ type: 'operatorChanged', version: 2 }));
  });

  it('are changed and ended; nobody but owners may', async () => {
    const { email, customerId } = await made('catalog');
    const roles = ['owner'];
    for (const by of [customer(customerId), { ...owner(customerId), roles: ['catalog'] } as Caller])
      expect(outcome(await ask('changeOperator', { customerId, roles }, by))).toBe('FORBIDDEN');
    // A token from before they lost the role.
    expect(outcome(await ask('changeOperator', { customerId, roles }, owner(customerId)))).toBe('NOT_AN_OWNER');
    expect(outcome(await ask('changeOperator', { customerId, roles }))).toBe('ok');
    expect(await standing(email)).toMatchObject({ role: 'operator', roles: ['owner'] });
    const erase = { currentPassword: PASSWORD };
    expect(outcome(await ask('eraseMe', erase, owner(customerId)))).toBe('IS_OPERATOR');
    expect(outcome(await ask('endOperator', { customerId }))).toBe('ok');
    expect(await standing(email)).toMatchObject({ role: 'customer' });
    await changed(customerId, 4);
    expect(await standing(email)).not.toHaveProperty('roles');
    expect(outcome(await ask('eraseMe', erase, customer(customerId)))).toBe('ok');
  });

  it('always have an owner, also when two end each other at once', async () => {
    expect(outcome(await ask('endOperator', { customerId: boss }))).toBe('LAST_OWNER');
    for (let round = 0; round < 3; round += 1) {
      const { customerId } = await made('owner');
      const [first, second] = await Promise.all([
        ask('endOperator', { customerId }),
        ask('endOperator', { customerId: boss }, owner(customerId)),
      ]);
      expect([outcome(first), outcome(second)].toSorted()).toEqual(['NOT_AN_OWNER', 'ok']);
      if (second.ok) {
        const back = { email: BOSS.STOA_OPERATOR_EMAIL, roles: ['owner'] };
        expect(outcome(await ask('createOperator', back, owner(customerId)))).toBe('ok');
        expect(outcome(await ask('endOperator', { customerId }))).toBe('ok');
      }
    }
  });

  it('of before there were roles are owners, once they sign in', async () => {
    const { email, customerId } = await verified();
    await profiles.rows("UPDATE customers SET role = 'operator' WHERE customer_id = $1", [customerId]);
    expect(await standing(email)).toMatchObject({ role: 'operator', roles: ['owner'] });
    expect(outcome(await ask('changeOperator', { customerId, roles: ['orders'] }))).toBe('ok');
    expect(await standing(email)).toMatchObject({ role: 'customer', roles: ['orders'] });
  });
});
