import { table } from '@stoa/cli';
import { OperationRefused } from '@stoa/sharding';
import { findCustomer } from '../../customers/find-customer.js';
import type { CommandRun } from '../terminal.js';

/** Shows where each keyspace has a customer's data. */
export const where: CommandRun = async ({ directoryUrl, options, say, printJson }) => {
  const [asked = ''] = options.words;
  const found = await findCustomer(directoryUrl, asked, options.keyspaces);
  if (!found) {
    const why = asked.includes('@')
      ? 'nobody has this e-mail address'
      : "it is neither a customer's id nor an e-mail address";
    throw new OperationRefused(`No customer "${asked}": ${why}`);
  }
  const { customerId, places } = found;
  printJson({ customerId, places });
  say(`Customer ${customerId}`);
  const rows = places.map(({ keyspace, bucket, shard, epoch, state, move, problem }) => {
    const more = [...(move === null ? [] : [`in move ${move}`]), ...(problem === null ? [] : [problem])];
    return [keyspace, `bucket ${bucket}`, shard, `epoch ${epoch}`, state, more.join('; ')];
  });
  if (rows.length > 0) say(table(rows));
  return places.every(({ problem }) => problem === null) ? 0 : 1;
};
