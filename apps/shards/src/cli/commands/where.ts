import { keyNamed, OperationRefused, whereIs, type NameLookup } from '@stoa/sharding';
import type { CommandRun, Terminal } from '../terminal.js';
import { table } from '../words.js';

/** Where customers' e-mail addresses are found; folded as profile folds them. */
const EMAILS: NameLookup = { keyspace: 'profile', table: 'login_names', nameColumn: 'name', keyColumn: 'customer_id' };
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** Where each keyspace has a customer's data. */
export const where: CommandRun = async (terminal) => {
  const { directoryUrl, options, say, answer } = terminal;
  const [asked = ''] = options.words;
  const customerId = asked.includes('@') ? await customerOf(terminal, asked) : asked.toLowerCase();
  if (!UUID.test(customerId)) throw new OperationRefused(`"${asked}" is neither a customer's id nor an e-mail address`);
  const places = await whereIs(directoryUrl, customerId, options.keyspaces);
  answer({ customerId, places });
  say(`Customer ${customerId}`);
  const rows = places.map(({ keyspace, bucket, shard, epoch, state, move, problem }) => {
    const more = [...(move === null ? [] : [`in move ${move}`]), ...(problem === null ? [] : [problem])];
    return [keyspace, `bucket ${bucket}`, shard, `epoch ${epoch}`, state, more.join('; ')];
  });
  if (rows.length > 0) say(table(rows));
  return places.every(({ problem }) => problem === null) ? 0 : 1;
};

async function customerOf({ directoryUrl }: Terminal, email: string): Promise<string> {
  const folded = email.trim().normalize('NFC').toLowerCase();
  const found = await keyNamed(directoryUrl, EMAILS, folded);
  if (found === undefined) throw new OperationRefused(`Nobody has the e-mail address ${folded}`);
  return found;
}
