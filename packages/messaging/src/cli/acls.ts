// `npm run contracts -- acls`: the rights of the services at the brokers, a line of kafka-acls each.
import { fileURLToPath } from 'node:url';
import { aclsOf, asArguments } from '../rights/acls.js';
import { servicesOf } from '../rights/contract-names.js';

const contracts = fileURLToPath(new URL('../../../contracts', import.meta.url));

for (const acl of aclsOf(servicesOf(contracts), process.env['KAFKA_TOPIC_PREFIX'] ?? ''))
  process.stdout.write(`${asArguments(acl)}\n`);
