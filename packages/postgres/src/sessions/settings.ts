import type pg from 'pg';

// As one statement after connecting and not as start-up options: poolers refuse unknown options.
const APPLY = `SELECT set_config(s.name, s.value, false) FROM unnest($1::text[], $2::text[]) AS s(name, value)`;

/** Sets settings of a session, by name. @throws the server's error for one that it does not know. */
export async function applySettings(client: pg.ClientBase, settings: Readonly<Record<string, string>>): Promise<void> {
  await client.query(APPLY, [Object.keys(settings), Object.values(settings)]);
}

/** As applySettings, without those that the server does not know: transaction_timeout came with Postgres 17. */
export async function applyKnownSettings(
  client: pg.ClientBase,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  const known = `${APPLY} WHERE current_setting(s.name, true) IS NOT NULL`;
  await client.query(known, [Object.keys(settings), Object.values(settings)]);
}
