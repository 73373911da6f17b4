import { commonVariables, postgresUrl } from '@stoa/service';

/** Variables of a service whose data are sharded. */
export const shardedVariables = commonVariables.extend({ DIRECTORY_URL: postgresUrl('the shard map') });
