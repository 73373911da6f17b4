import {
  findKeyByName,
  knownKeyspaces,
  OperationRefused,
  locateKey,
  type NameLookup,
  type KeyLocation,
} from '@stoa/sharding';

/** Its buckets are those of names, not of customers. */
const NAMES = 'lookup';
/** Where customers' e-mail addresses are found. */
const EMAILS: NameLookup = { keyspace: NAMES, table: 'names', nameColumn: 'name', keyColumn: 'customer_id' };
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** A customer's id, and where each keyspace has what belongs to them. */
export interface FoundCustomer {
  readonly customerId: string;
  readonly places: KeyLocation[];
}

/**
 * Finds a customer by their id or their e-mail address, and where their data are.
 * @returns undefined when nobody has that address, or what was given is neither.
 */
export async function findCustomer(
  directoryUrl: string,
  asked: string,
  only?: readonly string[],
): Promise<FoundCustomer | undefined> {
  const known = await knownKeyspaces(directoryUrl, only);
  const keyspaces = known.filter((keyspace) => keyspace !== NAMES);
  if (!asked.includes('@')) {
    const customerId = asked.trim().toLowerCase();
    if (!UUID.test(customerId)) return undefined;
    return { customerId, places: await locateKey(directoryUrl, customerId, keyspaces) };
  }
  const all = only ? await knownKeyspaces(directoryUrl) : known;
  if (!all.includes(NAMES)) throw new OperationRefused('No keyspace knows e-mail addresses');
  // Folded as the profile service does.
  const name = asked.trim().normalize('NFC').toLowerCase();
  const customerId = await findKeyByName(directoryUrl, EMAILS, name);
  if (customerId === undefined) return undefined;
  const named = known.includes(NAMES) ? await locateKey(directoryUrl, name, [NAMES]) : [];
  return { customerId, places: [...(await locateKey(directoryUrl, customerId, keyspaces)), ...named] };
}
