import { keyNamed, type NameLookup } from '@stoa/sharding';

/** Where customers' e-mail addresses are found. */
const EMAILS: NameLookup = {
  keyspace: 'profile',
  table: 'login_names',
  nameColumn: 'name',
  keyColumn: 'customer_id',
};
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/**
 * The id of a customer that is named by their id or their e-mail address.
 * @returns undefined when nobody has that address, or what was given is neither.
 */
export async function findCustomer(directoryUrl: string, asked: string): Promise<string | undefined> {
  if (!asked.includes('@')) {
    const id = asked.trim().toLowerCase();
    return UUID.test(id) ? id : undefined;
  }
  // Folded as the profile service does.
  return keyNamed(directoryUrl, EMAILS, asked.trim().normalize('NFC').toLowerCase());
}
