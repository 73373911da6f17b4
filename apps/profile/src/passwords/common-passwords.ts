import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

/**
 * The 10,000 most used passwords of ten or more characters, folded, most used first: of the ten million that Mark
 * Burnett gave to the public domain, as SecLists keeps them (`10-million-password-list-top-1000000.txt`). OWASP ASVS 5
 * (6.2.4) asks for 3,000.
 */
const FILE = new URL('../../data/common-passwords.txt.gz', import.meta.url);

let list: Promise<ReadonlySet<string>> | undefined;

async function read(): Promise<ReadonlySet<string>> {
  const text = await promisify(gunzip)(await readFile(FILE));
  return new Set(text.toString('utf8').trimEnd().split('\n'));
}

/** Whether a normalised password is one of those that attackers try first, in any case of letters. */
export async function isCommon(password: string): Promise<boolean> {
  return (await (list ??= read())).has(password.toLowerCase());
}
