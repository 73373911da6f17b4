import type { Caller } from '../../src/api/requests.js';
import { newId } from '../../src/protocol/ids.js';
import { SealingKeys } from '../../src/sealing/sealed-fields.js';
import { bodyOf, Kit, sayRequest } from './kit.suite.js';

describe('a service that believes gateways only', () => {
  const kit = new Kit();
  const messaging = { provesCallers: true };
  const callers: Caller[] = [];
  const say = async (input: { text: string }, { caller }: { caller: Caller }) => {
    callers.push(caller);
    return input;
  };

  afterAll(() => kit.end());

  it('knows the caller by the proof of a gateway that started before it, or after it', async () => {
    const before = await kit.client({ messaging });
    await kit.server({ messaging, say });
    const after = await kit.client({ messaging: { ...messaging, clone: 'gateway-2' } });
    const [customer, operator]: Caller[] = [
      { kind: 'customer', customerId: newId() },
      { kind: 'operator', customerId: newId() },
    ];
    expect((await before.request(sayRequest('hello', { caller: customer! }))).ok).toBe(true);
    expect((await after.request(sayRequest('hello', { caller: operator! }))).ok).toBe(true);
    expect(callers).toEqual([customer, operator]);
  });

  it('refuses a record that names a caller without a proof', async () => {
    const stranger = await kit.client({ messaging: { clone: 'stranger-1' } });
    const reply = await stranger.request(sayRequest('hello', { caller: { kind: 'operator', customerId: newId() } }));
    expect(bodyOf(reply)).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(callers).toHaveLength(2);
  });

  it('takes a MAC by its own key, and its gateway signs where a clone refuses that', async () => {
    const [mine, foreign] = ['secret of say', 'secret of another'].map((secret) => new SealingKeys([secret]).publicKey);
    const sealed = new Kit();
    await sealed.server({ messaging: { ...messaging, sealingSecrets: ['secret of say'] }, say });
    const gateway = await sealed.client({ messaging });
    const caller: Caller = { kind: 'guest', customerId: newId() };
    for (const serviceKey of [mine!, foreign!, undefined, mine!])
      expect((await gateway.request(sayRequest('hello', { caller, serviceKey }))).ok).toBe(true);
    expect(callers.slice(2)).toEqual([caller, caller, caller, caller]);
    await sealed.end();
  });
});
