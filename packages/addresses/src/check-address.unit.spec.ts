import type { PostalAddress } from '@stoa/contract-kit';
import { checkAddress } from './check-address.js';
import { isCountry } from './countries.js';

const berlin: PostalAddress = {
  name: 'Ada',
  lines: ['Unter den Linden 1'],
  postalCode: '10117',
  city: 'Berlin',
  country: 'DE',
};
const pointers = (address: PostalAddress, at?: string): string[] =>
  checkAddress(address, at).map(({ pointer }) => pointer);

describe('checkAddress', () => {
  it.each<[string, PostalAddress]>([
    ['Germany', berlin],
    [
      'the United States',
      { name: 'A', lines: ['1 Main St'], city: 'Austin', region: 'TX', postalCode: '78701', country: 'US' },
    ],
    [
      'Great Britain',
      { name: 'A', lines: ['10 Downing Street'], city: 'London', postalCode: 'sw1a 2aa', country: 'GB' },
    ],
    [
      'Japan, without a city',
      { name: 'A', lines: ['1-1 Chiyoda'], region: '13', postalCode: '100-0001', country: 'JP' },
    ],
    ['Ireland, without a postal code', { name: 'A', lines: ['1 Main Street'], city: 'Cork', country: 'IE' }],
    ['a region that Germany does not need', { ...berlin, region: 'Berlin' }],
    ['Antarctica, where nobody needs anything', { name: 'A', lines: ['Station'], country: 'AQ' }],
  ])('takes one in %s', (_where, address) => {
    expect(checkAddress(address)).toEqual([]);
  });

  it.each<[string, PostalAddress, string[]]>([
    ['a country that there is not', { ...berlin, country: 'XX' }, ['/country']],
    ['the union that is none', { ...berlin, country: 'EU' }, ['/country']],
    ['no city and no postal code', { name: 'A', lines: ['x'], country: 'DE' }, ['/city', '/postalCode']],
    ['a postal code too short', { ...berlin, postalCode: '1011' }, ['/postalCode']],
    ['one with more behind it', { ...berlin, postalCode: '10117 or so' }, ['/postalCode']],
    ['no state', { ...berlin, country: 'US' }, ['/region']],
    ['a state that there is not', { ...berlin, country: 'US', region: 'ZZ' }, ['/region']],
  ])('refuses %s', (_what, address, expected) => {
    expect(pointers(address)).toEqual(expected);
    expect(pointers(address, '/shippingAddress')).toEqual(expected.map((each) => `/shippingAddress${each}`));
  });

  it('knows the countries of ISO 3166-1', () => {
    expect(['DE', 'CH', 'XK', 'UK', 'de', ''].map(isCountry)).toEqual([true, true, false, false, false, false]);
  });
});
