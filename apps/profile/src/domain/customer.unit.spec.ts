import { changeCustomer, profileOf, type Customer } from './customer.js';

const created = new Date('2026-11-23T10:00:00Z');
const now = new Date('2026-11-23T11:00:00Z');
const ada: Customer = {
  customerId: '0190b6f5-7d5c-7c3f-8000-000000000001',
  role: 'customer',
  isOperator: false,
  email: 'ada@example.com',
  verifiedEmail: null,
  username: null,
  displayName: 'Ada',
  locale: 'de-CH',
  phone: '+41446681800',
  version: 4,
  createdAt: created,
  updatedAt: created,
};

describe('changeCustomer', () => {
  it('changes what is given, clears what is null and leaves the rest', () => {
    const changed = changeCustomer(ada, { displayName: 'Ada L', locale: null }, now);
    expect(changed).toEqual({ ...ada, displayName: 'Ada L', locale: null, version: 5, updatedAt: now });
  });

  it('takes no version for what changes nothing', () => {
    expect(changeCustomer(ada, {}, now)).toBe(ada);
    expect(changeCustomer(ada, { displayName: 'Ada', phone: undefined }, now)).toBe(ada);
  });
});

describe('profileOf', () => {
  it('shows no role', () => {
    expect(profileOf(ada)).toEqual({
      customerId: ada.customerId,
      email: 'ada@example.com',
      displayName: 'Ada',
      locale: 'de-CH',
      phone: '+41446681800',
      emailVerified: false,
      username: null,
      version: 4,
      createdAt: '2026-11-23T10:00:00.000Z',
      updatedAt: '2026-11-23T10:00:00.000Z',
    });
  });
});
