import type { Command } from '@stoa/contract-kit';
import type { Database } from '@stoa/postgres';
import type { CommandReply, CommandRequest } from '../api/command-execution.js';
import { deriveId } from '../protocol/ids.js';
import { bodyHash as plainHash, hasSecrets, wholeHash } from './body-hash.js';
import { admitted } from './inbox.js';
import { REUSED } from '../protocol/fixed-replies.js';

/**
 * Tells a repeated request from another one under the same id, where the inbox row of its command can't: a flow and a command
 * with a secret reply have none, and of secrets that row holds no hash. Such a request leaves a row of its own, under an id
 * derived from it.
 */
export class Admission {
  constructor(private readonly database: Database) {}

  /** @returns a business error; undefined: the request may run. @throws what the database throws */
  async admit(operation: Command, request: CommandRequest, isFlow: boolean): Promise<CommandReply | undefined> {
    const hasSecretReply = operation.secretReply === true;
    if (!isFlow && !hasSecretReply && !hasSecrets(operation)) return undefined;
    const { id, key, bodyText } = request;
    const hashOf = hashing(operation, bodyText);
    const bucket = this.database.bucketOf(key);
    const bodyHash = await hashOf();
    // A customer's rows are erased with them, by this key; others that name a person must not outlive it.
    const row = { bucket, commandId: deriveId(id, 'request'), key: isCustomers(operation) ? key : '', bodyHash };
    const known = await this.database.transaction(bucket, (tx) => admitted(tx, row));
    return known.equals(bodyHash) || known.equals(await hashOf(known)) ? undefined : REUSED;
  }
}

const isCustomers = ({ key }: Command): boolean => key === 'caller.customerId';

/**
 * Secrets are hashed where an answer to the first may stand for an answer to the second. A check of credentials, which has a
 * secret reply and no route, checks them each time.
 */
function hashing(operation: Command, bodyText: string): (like?: Buffer) => Promise<Buffer> {
  const checksEachTime = operation.secretReply === true && operation.http === undefined;
  return checksEachTime ? async () => plainHash(operation, bodyText) : (like) => wholeHash(operation, bodyText, like);
}
