import type { Area } from '@stoa/order-contract';

/** As much of an address as taxes and shipping go by. */
export interface Place {
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  /** ISO 3166-2 without its country; with it is understood too. */
  readonly region?: string | undefined;
  readonly postalCode?: string | undefined;
}

interface Zone {
  readonly id: string;
  readonly areas: readonly Area[];
}

/** The same for areas that are the same. */
export const areaKey = ({ country, region = '', postalPrefix = '' }: Area): string =>
  `${country}/${region}/${postalPrefix}`;

const asCode = (text: string): string => text.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');

const regionOf = ({ country, region = '' }: Place): string => {
  const code = region.trim().toUpperCase();
  return code.startsWith(`${country}-`) ? code.slice(country.length + 1) : code;
};

const covers = (area: Area, place: Place): boolean =>
  (area.country === '*' || area.country === place.country) &&
  (area.region === undefined || area.region === regionOf(place)) &&
  (area.postalPrefix === undefined || asCode(place.postalCode ?? '').startsWith(area.postalPrefix));

/** A longer postal prefix is more exact than any shorter one, then a region, then a country, then the whole world. */
const exactness = ({ country, region, postalPrefix = '' }: Area): number =>
  postalPrefix.length * 4 + (region === undefined ? 0 : 2) + (country === '*' ? 0 : 1);

/** The zone whose area covers a place most exactly: areas are in one zone each, so there is one or none. */
export function zoneOf<Z extends Zone>(zones: readonly Z[], place: Place): Z | undefined {
  let best: { readonly zone: Z; readonly exactness: number } | undefined;
  for (const zone of zones) {
    for (const area of zone.areas) {
      if (!covers(area, place) || (best && best.exactness >= exactness(area))) continue;
      best = { zone, exactness: exactness(area) };
    }
  }
  return best?.zone;
}
