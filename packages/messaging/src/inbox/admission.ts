import type { Command } from '@stoa/contract-kit';
import type { Database } from '@stoa/postgres';
import type { CommandReply, CommandRequest } from '../api/command-execution.js';
import { deriveId } from '../protocol/ids.js';
import { bodyHash as plainHash, hasSecrets, wholeHash } from './body-hash.js';
import { insertRequest } from './inbox.js';
import { REUSED } from '../protocol/fixed-replies.js';

/**
 * Admission exists to refuse a second request under the id of another, where the inbox row of its command can't: a flow
 * and a command with a secret reply have none, and that row's hash leaves secrets out. It works by a row for the
 * request itself, under an id derived from the command's.
 */
export class Admission {
  constructor(private readonly database: Database) {}

  /** @returns the reply IDEMPOTENCY_KEY_REUSED; undefined: the request may run. @throws what the database throws */
  async admit(operation: Command, request: CommandRequest, isFlow: boolean): Promise<CommandReply | undefined> {
    const hasSecretReply = operation.secretReply === true;
    if (!isFlow && !hasSecretReply && !hasSecrets(operation)) return undefined;
    const { id, key, bodyText } = request;
    const hashOf = hashing(operation, bodyText);
    const bucket = this.database.bucketOf(key);
    const bodyHash = await hashOf();
    // A customer's rows are erased by this key; other keys may name a person, who must not stay in the row.
    const row = { bucket, commandId: deriveId(id, 'request'), key: isCustomers(operation) ? key : '', bodyHash };
    const known = await this.database.transaction(bucket, (tx) => insertRequest(tx, row));
    return known.equals(bodyHash) || known.equals(await hashOf(known)) ? undefined : REUSED;
  }
}

const isCustomers = ({ key }: Command): boolean => key === 'caller.customerId';

/**
 * Hashes secrets too, since a second request may get the first one's reply. A check of credentials, which has a secret
 * reply and no route, checks them each time and needs no such hash.
 */
function hashing(operation: Command, bodyText: string): (like?: Buffer) => Promise<Buffer> {
  const checksEachTime = operation.secretReply === true && operation.http === undefined;
  return checksEachTime ? async () => plainHash(operation, bodyText) : (like) => wholeHash(operation, bodyText, like);
}
