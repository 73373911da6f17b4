import type { Command } from '@stoa/contract-kit';
import type { CommandReply, CommandRequest } from '../command-execution.js';
import { deriveId } from '../ids.js';
import type { Database } from '../types.js';
import { hasSecrets, wholeHash } from './body-hash.js';
import { admitted } from './inbox.js';
import { REUSED } from './replies.js';

/**
 * Tells a repeated request from another one under the same id, where the inbox row of its command can't: a flow has none,
 * and of secrets that row holds no hash. Such a request leaves a row of its own, under an id derived from it.
 */
export class Admission {
  constructor(private readonly database: Database) {}

  /** @returns a refusal; undefined: the request may run. @throws what the database throws */
  async admit(operation: Command, request: CommandRequest, isFlow: boolean): Promise<CommandReply | undefined> {
    if (!isFlow && !hasSecrets(operation)) return undefined;
    // Without a route nobody repeats it by an Idempotency-Key: a check of credentials is a new command each time.
    if (operation.secretReply === true && operation.http === undefined) return undefined;
    const { id, key, bodyText } = request;
    const bucket = this.database.bucketOf(key);
    const bodyHash = await wholeHash(operation, bodyText);
    const row = { bucket, commandId: deriveId(id, 'request'), key, bodyHash };
    const known = await this.database.transaction(bucket, (tx) => admitted(tx, row));
    if (known.equals(bodyHash)) return undefined;
    return known.equals(await wholeHash(operation, bodyText, known)) ? undefined : REUSED;
  }
}
