import { ConfigError } from '@stoa/service';
import type { Shard } from '@stoa/sharding';
import { z } from 'zod';

const Url = z.string().regex(/^postgres(ql)?:\/\/[^/\s]+\/[^\s]+$/, 'not a Postgres URL');
const Name = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,30}$/, 'lower case letters, digits, _ and -, at most 31, a letter first');
const Shards = z.array(z.strictObject({ name: Name, url: Url, adminUrl: Url })).min(1);

/** The variable that names the shards which a keyspace is to have, e.g. CART_SHARDS. */
export const shardsVariable = (keyspace: string): string => `${keyspace.toUpperCase().replaceAll('-', '_')}_SHARDS`;

const EXAMPLE = '[{"name":"shard1","url":"postgres://cart:…@host/cart","adminUrl":"postgres://owner:…@host/cart"}]';

/**
 * Reads the shards to add from the environment.
 * @returns none when the variable is not set: the directory knows them. @throws ConfigError that shows no URL.
 */
export function readShards(keyspace: string, env: Readonly<Record<string, string | undefined>>): Shard[] {
  const variable = shardsVariable(keyspace);
  const text = env[variable];
  if (text === undefined || text === '') return [];
  const wrong = (what: string): ConfigError =>
    new ConfigError([`${variable} must be JSON such as ${EXAMPLE}: ${what}`]);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw wrong('it is not JSON');
  }
  const parsed = Shards.safeParse(json);
  if (!parsed.success) {
    throw wrong(parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`.trim()).join('; '));
  }
  return parsed.data;
}
