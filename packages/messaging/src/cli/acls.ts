// `npm run contracts -- acls`: the rights of the services at the brokers, a line of kafka-acls each.
import { aclsOf, asArguments } from '../rights/acls.js';
import { callsOf, CONTRACTS, followsOf, servicesOf } from '../rights/contract-names.js';

const prefix = process.env['KAFKA_TOPIC_PREFIX'] ?? '';
for (const acl of aclsOf(servicesOf(CONTRACTS), prefix, callsOf(CONTRACTS), followsOf(CONTRACTS)))
  process.stdout.write(`${asArguments(acl)}\n`);
