import {
  findKeyByName,
  knownKeyspaces,
  OperationRefused,
  locateKey,
  type NameLookup,
  type KeyLocation,
} from '@stoa/sharding';

/** The keyspace whose sharding key is a name, not a customer. */
const NAMES = 'lookup';
/** The table of customers' e-mail addresses. */
const EMAILS: NameLookup = { keyspace: NAMES, table: 'names', nameColumn: 'name', keyColumn: 'customer_id' };
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** A customer's id, and the location of their data in each keyspace. */
export interface FoundCustomer {
  readonly customerId: string;
  readonly places: KeyLocation[];
}

/**
 * Finds a customer by their id or their e-mail address, with the locations of their data.
 * @returns undefined when nobody has the address, or the text is neither an id nor an address.
 */
export async function findCustomer(
  directoryUrl: string,
  idOrEmail: string,
  only?: readonly string[],
): Promise<FoundCustomer | undefined> {
  const known = await knownKeyspaces(directoryUrl, only);
  const keyspaces = known.filter((keyspace) => keyspace !== NAMES);
  if (!idOrEmail.includes('@')) {
    const customerId = idOrEmail.trim().toLowerCase();
    if (!UUID.test(customerId)) return undefined;
    return { customerId, places: await locateKey(directoryUrl, customerId, keyspaces) };
  }
  const all = only ? await knownKeyspaces(directoryUrl) : known;
  if (!all.includes(NAMES)) throw new OperationRefused('No keyspace knows e-mail addresses');
  // Folded as the profile service does.
  const name = idOrEmail.trim().normalize('NFC').toLowerCase();
  const customerId = await findKeyByName(directoryUrl, EMAILS, name);
  if (customerId === undefined) return undefined;
  const named = known.includes(NAMES) ? await locateKey(directoryUrl, name, [NAMES]) : [];
  return { customerId, places: [...(await locateKey(directoryUrl, customerId, keyspaces)), ...named] };
}
