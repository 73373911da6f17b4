// `npm run contracts -- acls`: the rights of the services at the brokers, a line of kafka-acls each.
import { aclsOf, asArguments } from '../rights/acls.js';
import { callsOf, CONTRACTS, servicesOf } from '../rights/contract-names.js';

for (const acl of aclsOf(servicesOf(CONTRACTS), process.env['KAFKA_TOPIC_PREFIX'] ?? '', callsOf(CONTRACTS)))
  process.stdout.write(`${asArguments(acl)}\n`);
