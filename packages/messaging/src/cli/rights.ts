// Gives the brokers of the local stack their users and rights. Reads them as JSON from standard input, where no other
// user of the machine sees the passwords.
import { text } from 'node:stream/consumers';
import { aclsOf } from '../rights/acls.js';
import { callsOf, CONTRACTS, followsOf } from '../rights/contract-names.js';
import { applyRights, type Rights } from '../rights/apply.js';

type Asked = Omit<Rights, 'acls'> & {
  /** All that have a contract, whether they run or not. */
  readonly services: readonly string[];
  readonly prefix: string;
};

const { services, prefix, ...rights } = JSON.parse(await text(process.stdin)) as Asked;
try {
  await applyRights({ ...rights, acls: aclsOf(services, prefix, callsOf(CONTRACTS), followsOf(CONTRACTS)) });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
