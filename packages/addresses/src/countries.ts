import { iso31661 } from 'iso-3166';

const COUNTRIES: ReadonlySet<string> = new Set(iso31661.map(({ alpha2 }) => alpha2));

/** Whether ISO 3166-1 has assigned a code. */
export const isCountry = (code: string): boolean => COUNTRIES.has(code);
