import { Injectable } from '@nestjs/common';
import type { Handler } from '@stoa/messaging';
import { purgeOrphans } from '@stoa/sharding';
import type { shards } from '@stoa/shards-contract';
import { Directory } from '../../directory.js';
import { orBusinessError } from '../business-errors.js';

/** A number of rows whose deletion takes much less than the command's budget. */
const MOST_ROWS = 20_000;

/** The deletion is not part of the command's transaction; a repeated command finds nothing to delete. */
@Injectable()
export class PurgeOrphans implements Handler<typeof shards.purgeOrphans> {
  constructor(private readonly directory: Directory) {}

  readonly handle: Handler<typeof shards.purgeOrphans>['handle'] = async (
    { shard, keyspaces: only, dryRun },
    { fail },
  ) =>
    orBusinessError(fail, async () => {
      const request = { shard, dryRun, mostRows: MOST_ROWS, ...(only && { keyspaces: only }) };
      const purges = await purgeOrphans(this.directory.url, request);
      const keyspaces = purges.map(({ keyspace, orphans, purged }) => {
        return { keyspace, purged, orphans: orphans.map((each) => ({ ...each, buckets: [...each.buckets] })) };
      });
      return { shard, keyspaces };
    });
}
