import { newId } from '@stoa/messaging';
import { Mover } from '@stoa/sharding';
import { bucketOf } from '@stoa/sharding/testing';
import { uniqueName } from '@stoa/testing';
import type { Caller, ErrorBody } from '@stoa/messaging';
import type { Address } from '@stoa/profile-contract';
import { customer, newGuest, PASSWORD, ProfileService } from '../../test/profile-service.js';
import { MOST_ADDRESSES } from '../domain/address-book.js';
import { profileKeyspace } from '../storage/keyspace.js';

interface AddressReply {
  readonly ok: boolean;
  readonly body: Address & ErrorBody & { readonly items: Address[] };
}

const berlin = { name: 'Ada', lines: ['Unter den Linden 1'], postalCode: '10117', city: 'Berlin', country: 'DE' };
const austin = { name: 'Ada', lines: ['1 Main St'], postalCode: '78701', city: 'Austin', region: 'TX', country: 'US' };

describe('addresses', () => {
  let profiles: ProfileService;

  beforeAll(async () => {
    profiles = await ProfileService.start();
    await profiles.startClone();
  });
  afterAll(() => profiles?.stop());

  type Operation = 'listMyAddresses' | 'addAddress' | 'changeAddress' | 'removeAddress';
  const ask = async (operation: Operation, input: object, caller: Caller, id = newId()): Promise<AddressReply> =>
    (await profiles.ask(operation, input, caller, { id })) as unknown as AddressReply;
  const newCustomer = async (): Promise<Caller & { customerId: string }> => {
    const { body } = await profiles.register(`${uniqueName('ada')}@example.com`);
    return customer(body.customerId) as Caller & { customerId: string };
  };
  const book = async (caller: Caller) => (await ask('listMyAddresses', {}, caller)).body.items;
  const defaultsOf = (items: readonly Address[]) => [
    items.filter((each) => each.defaultShipping).map(({ addressId }) => addressId),
    items.filter((each) => each.defaultBilling).map(({ addressId }) => addressId),
  ];

  it('are added once, changed and removed; one is the default of each kind', async () => {
    const me = await newCustomer();
    expect(await book(me)).toEqual([]);
    const id = newId();
    const first = await ask('addAddress', berlin, me, id);
    expect(await ask('addAddress', berlin, me, id)).toEqual(first);
    expect(first.body).toMatchObject({ ...berlin, defaultShipping: true, defaultBilling: true });
    const second = await ask('addAddress', { ...austin, defaultShipping: true }, me);
    const ids = [first.body.addressId, second.body.addressId];
    expect(defaultsOf(await book(me))).toEqual([[ids[1]], [ids[0]]]);

    const moved = { addressId: ids[0], lines: ['Am Kupfergraben 6', '2. Stock'], company: 'Stoa' };
    expect((await ask('changeAddress', moved, me)).body).toMatchObject({ ...berlin, ...moved });
    const cleared = await ask('changeAddress', { addressId: ids[0], company: null }, me);
    expect(cleared.body).not.toHaveProperty('company');
    expect((await ask('removeAddress', { addressId: ids[1] }, me)).ok).toBe(true);
    expect(defaultsOf(await book(me))).toEqual([[ids[0]], [ids[0]]]);
    expect((await ask('removeAddress', { addressId: ids[1] }, me)).body.code).toBe('NOT_FOUND');
  });

  it('have what their country needs, also when they are changed', async () => {
    const me = await newCustomer();
    const problemsOf = ({ body }: AddressReply) => [body.code, body.problems?.map(({ pointer }) => pointer)];
    const { city: _, ...nowhere } = berlin;
    expect(problemsOf(await ask('addAddress', nowhere, me))).toEqual(['INVALID_INPUT', ['/city']]);
    expect(problemsOf(await ask('addAddress', { ...berlin, country: 'XX' }, me))).toEqual([
      'INVALID_INPUT',
      ['/country'],
    ]);
    const { addressId } = (await ask('addAddress', berlin, me)).body;
    const abroad = await ask('changeAddress', { addressId, country: 'US' }, me);
    expect(problemsOf(abroad)).toEqual(['INVALID_INPUT', ['/region']]);
    expect(problemsOf(await ask('changeAddress', { addressId, postalCode: null }, me))).toEqual([
      'INVALID_INPUT',
      ['/postalCode'],
    ]);
    expect(await book(me)).toMatchObject([berlin]);
  });

  it.each([
    [{ country: 'de' }, '/country'],
    [{ country: 'Germany' }, '/country'],
    [{ lines: [] }, '/lines'],
    [{ lines: ['a', 'b', 'c', 'd'] }, '/lines'],
    [{ lines: ['a\nb'] }, '/lines/0'],
    [{ name: ' ' }, '/name'],
    [{ name: 'x'.repeat(101) }, '/name'],
    [{ phone: '030 1234' }, '/phone'],
    [{ addressId: 'mine' }, '/addressId'],
    [{ isDefault: true }, '/isDefault'],
  ])('refuse %p', async (field, pointer) => {
    const { body } = await ask('addAddress', { ...berlin, ...field }, customer(newId()));
    expect(body).toMatchObject({ code: 'INVALID_INPUT', problems: [{ pointer }] });
  });

  it("are nobody's but their customer's, and are bounded in number", async () => {
    const [me, other] = [await newCustomer(), await newCustomer()];
    const { addressId } = (await ask('addAddress', berlin, me)).body;
    expect(await book(other)).toEqual([]);
    for (const [operation, input] of [
      ['changeAddress', { addressId, name: 'Eve' }],
      ['removeAddress', { addressId }],
    ] as const)
      expect((await ask(operation, input, other)).body.code).toBe('NOT_FOUND');
    expect((await ask('addAddress', berlin, newGuest())).body.code).toBe('FORBIDDEN');
    expect((await ask('addAddress', berlin, customer(newId()))).body.code).toBe('NOT_FOUND');
    const more = Array.from({ length: MOST_ADDRESSES + 2 }, () => ask('addAddress', berlin, me));
    const codes = (await Promise.all(more)).filter(({ ok }) => !ok).map(({ body }) => body.code);
    expect(codes).toEqual(Array(3).fill('TOO_MANY_ADDRESSES'));
    expect(await book(me)).toHaveLength(MOST_ADDRESSES);
  });

  it('move to another shard with their customer, and go with them', async () => {
    const me = await newCustomer();
    await ask('addAddress', berlin, me);
    const from = await profiles.placeOf(me.customerId);
    const to = [...profiles.data.shards.get(profileKeyspace.name)!].find(({ name }) => name !== from)!.name;
    const mover = new Mover({ directoryUrl: profiles.data.directoryAdminUrl });
    const plan = { keyspace: profileKeyspace.name, buckets: [bucketOf(me.customerId)], from: from!, to };
    await mover.runMove(await mover.planMove(plan));
    expect(await book(me)).toMatchObject([berlin]);
    expect((await profiles.ask('eraseMe', { currentPassword: PASSWORD }, me)).ok).toBe(true);
    expect(await book(me)).toEqual([]);
  });
});
