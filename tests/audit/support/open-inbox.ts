import { COMMAND_KEYSPACES, sql, superuserUrl } from '../../support/servers.js';

const SHARDS = ['shard1', 'shard2'];

/** Each delivery looks like another command: nothing is recognised any more. Only the control does that. */
const OPEN = `CREATE FUNCTION forget_command() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.command_id := gen_random_uuid(); RETURN NEW; END $$;
  CREATE TRIGGER forget_command BEFORE INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION forget_command()`;
const CLOSE = 'DROP FUNCTION IF EXISTS forget_command CASCADE';

const everywhere = async (text: string): Promise<void> => {
  for (const shard of SHARDS) {
    for (const keyspace of COMMAND_KEYSPACES) await sql(await superuserUrl(shard, keyspace), text);
  }
};

export const openInbox = (): Promise<void> => everywhere(OPEN);

export const closeInbox = (): Promise<void> => everywhere(CLOSE);
