import { newId } from '@stoa/messaging';
import { eventually, GENEROUS_BUDGET_MS, uniqueName } from '@stoa/testing';
import { TOTP } from 'otpauth';
import { customer, newGuest, PASSWORD, ProfileService, type Reply } from '../../test/profile-service.js';

const BOSS = { STOA_OPERATOR_EMAIL: 'boss@example.com', STOA_OPERATOR_PASSWORD: 'a long enough secret' };
const outcome = ({ ok, body }: Reply): string => (ok ? 'ok' : body.code);
interface Secrets {
  readonly secret: string;
  readonly uri: string;
  readonly recoveryCodes: readonly string[];
}

describe('a second factor', () => {
  let profiles: ProfileService;

  beforeAll(async () => {
    profiles = await ProfileService.start();
    const settings = { ...BOSS, SECOND_FACTOR_KEY: 'a key that only the tests have!!', OWNER_SECOND_FACTOR: 'on' };
    await Promise.all([profiles.startClone(settings), profiles.startClone(settings)]);
  });
  afterAll(() => profiles?.stop());

  const ask = (operation: Parameters<ProfileService['ask']>[0], input: object, customerId?: string): Promise<Reply> => {
    const caller = customerId === undefined ? newGuest() : customer(customerId);
    return profiles.ask(operation, input, caller, { id: newId(), budgetMs: GENEROUS_BUDGET_MS });
  };
  const signIn = (email: string, code?: string, password = PASSWORD): Promise<Reply> =>
    ask('checkCredentials', { email, password, ...(code !== undefined && { code }) });
  const enrolled = async (customerId: string, password = PASSWORD) => {
    const { secret, uri } = (await ask('enrolSecondFactor', { currentPassword: password }, customerId))
      .body as unknown as Secrets;
    expect(uri).toContain(`secret=${secret}`);
    const codeIn = (steps: number): string => new TOTP({ secret }).generate({ timestamp: Date.now() + steps * 30_000 });
    const confirmed = await ask('confirmSecondFactor', { code: codeIn(0) }, customerId);
    expect(outcome(confirmed)).toBe('ok');
    return { secret, codeIn, recoveryCodes: (confirmed.body as unknown as Secrets).recoveryCodes };
  };
  const registered = async (): Promise<{ email: string; customerId: string }> => {
    const email = `${uniqueName('ada')}@example.com`;
    return { email, customerId: (await profiles.register(email)).body.customerId };
  };

  it('is asked for at each sign-in, and each code is taken once, whoever sends it at once', async () => {
    const { email, customerId } = await registered();
    expect(outcome(await ask('enrolSecondFactor', { currentPassword: 'a wrong one' }, customerId))).toBe(
      'WRONG_CREDENTIALS',
    );
    const { secret, codeIn, recoveryCodes } = await enrolled(customerId);
    expect(outcome(await signIn(email))).toBe('SECOND_FACTOR_REQUIRED');
    expect(outcome(await signIn(email, codeIn(1), 'a wrong password'))).toBe('WRONG_CREDENTIALS');
    const code = codeIn(1);
    const atOnce = (await Promise.all([1, 2, 3].map(() => signIn(email, code)))).map(outcome).toSorted();
    expect(atOnce).toEqual(['SECOND_FACTOR_WRONG', 'SECOND_FACTOR_WRONG', 'ok']);
    expect(outcome(await signIn(email, recoveryCodes[0]))).toBe('ok');
    expect(outcome(await signIn(email, recoveryCodes[0]))).toBe('SECOND_FACTOR_WRONG');
    expect((await ask('getSecondFactor', {}, customerId)).body).toEqual({ on: true, recoveryCodesLeft: 9 });
    const [stored] = await profiles.rows('SELECT * FROM second_factors WHERE customer_id = $1', [customerId]);
    for (const shown of [secret, recoveryCodes[1]!]) expect(JSON.stringify(stored)).not.toContain(shown);
    const proof = (given: object = {}): Promise<Reply> =>
      ask('provePassword', { password: PASSWORD, ...given }, customerId);
    expect(outcome(await proof())).toBe('SECOND_FACTOR_REQUIRED');
    expect(outcome(await proof({ code: recoveryCodes[0] }))).toBe('SECOND_FACTOR_WRONG');
    expect(outcome(await proof({ code: recoveryCodes[2] }))).toBe('ok');
    const removal = { currentPassword: PASSWORD, code: recoveryCodes[1] };
    expect(outcome(await ask('removeSecondFactor', removal, customerId))).toBe('ok');
    expect(outcome(await signIn(email))).toBe('ok');
  });

  it('can not be guessed', async () => {
    const { email, customerId } = await registered();
    const { recoveryCodes } = await enrolled(customerId);
    const guesses = [];
    for (let n = 0; n < 6; n += 1) guesses.push(outcome(await signIn(email, `00000${n}`)));
    expect(guesses).toEqual([...Array<string>(5).fill('SECOND_FACTOR_WRONG'), 'LOCKED_OUT']);
    expect(outcome(await signIn(email, recoveryCodes[0]))).toBe('LOCKED_OUT');
  });

  it('is what an owner needs to be one', async () => {
    const [email, password] = [BOSS.STOA_OPERATOR_EMAIL, BOSS.STOA_OPERATOR_PASSWORD];
    const { body } = await eventually(() => signIn(email, undefined, password));
    expect(body).toMatchObject({ role: 'customer', roles: [] });
    const { codeIn } = await enrolled(body.customerId, password);
    expect((await signIn(email, codeIn(1), password)).body).toMatchObject({ role: 'operator', roles: ['owner'] });
  });
});
