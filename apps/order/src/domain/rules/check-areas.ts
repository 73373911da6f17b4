import type { Area } from '@stoa/order-contract';
import { areaKey } from '../pricing/areas.js';

/** Whether ISO 3166-1 has assigned a code. */
export type IsCountry = (code: string) => boolean;

interface Zone {
  readonly id: string;
  readonly areas: readonly Area[];
}

const nameOf = ({ country, region, postalPrefix }: Area): string =>
  [country, region, postalPrefix && `${postalPrefix}…`].filter(Boolean).join(' ');

/** Each area is in one zone of its kind: a place has one zone, then, or none. */
export function* checkAreas(kind: string, zones: readonly Zone[], isCountry: IsCountry): Generator<string> {
  const zoneByArea = new Map<string, string>();
  for (const { id, areas } of zones) {
    for (const area of areas) {
      const isWorld = area.country === '*';
      if (!isWorld && !isCountry(area.country)) yield `${kind} ${id}: ${area.country} is not a country.`;
      if (isWorld && (area.region ?? area.postalPrefix) !== undefined)
        yield `${kind} ${id}: regions and postal codes are those of a country.`;
      const other = zoneByArea.get(areaKey(area));
      if (other !== undefined) yield `${kind} ${id}: ${nameOf(area)} is in ${other} already; an area is in one zone.`;
      zoneByArea.set(areaKey(area), id);
    }
  }
}
