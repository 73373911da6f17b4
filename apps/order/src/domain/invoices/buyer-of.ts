/** As much of an address as an invoice shows. */
export interface BuyerAddress {
  readonly name: string;
  readonly company?: string | undefined;
  readonly lines: readonly string[];
  readonly city?: string | undefined;
  readonly region?: string | undefined;
  readonly postalCode?: string | undefined;
  readonly country: string;
}

const joined = (...parts: readonly (string | undefined)[]): string => parts.filter(Boolean).join(' ');

/** The lines of the buyer's address; none where there is no address. */
export function buyerOf(address: BuyerAddress | null): string[] {
  if (!address) return [];
  const { name, company, lines, city, region, postalCode, country } = address;
  return [name, company ?? '', ...lines, joined(city, region, postalCode), country].filter((line) => line !== '');
}
