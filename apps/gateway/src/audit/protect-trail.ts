import { codeOf, withSession, type Session } from '@stoa/postgres';
import { loadConfig, postgresUrl } from '@stoa/service';
import { z } from 'zod';

/** The variables of the gateway's migrations, beside its database. */
export const trailVariables = z.object({
  GATEWAY_DATABASE_URL: postgresUrl('the gateway'),
  GATEWAY_DATABASE_OWNER_URL: postgresUrl("the gateway, as its server's owner")
    .optional()
    .describe(
      "the gateway's database for the owner of its server, who gets the audit trail, so that the gateway's role can't change it; without it only triggers keep it",
    ),
  AUDIT_KEEP_DAYS: z.coerce
    .number<string>('a whole number from 30')
    .int()
    .min(30)
    .max(36_500)
    .default(400)
    .describe('days that entries of the audit trail are kept'),
});

const INSUFFICIENT_PRIVILEGE = '42501';

const HAND_OVER = `
  ALTER SCHEMA audit OWNER TO CURRENT_USER;
  ALTER TABLE audit.entries OWNER TO CURRENT_USER;
  ALTER TABLE audit.outcomes OWNER TO CURRENT_USER;
  ALTER TABLE audit.retention OWNER TO CURRENT_USER;
  ALTER FUNCTION audit.keep() OWNER TO CURRENT_USER`;

async function handOver(session: Session, service: string): Promise<void> {
  const { rows } = await session.query<{ role: string }>('SELECT quote_ident($1) AS role', [service]);
  const role = rows[0]?.role ?? '';
  await session.transaction(async (tx) => {
    await tx.query(HAND_OVER);
    // DELETE only of what is older than the retention: the trigger sees to that.
    await tx.query(`
      REVOKE ALL ON SCHEMA audit FROM ${role}, PUBLIC;
      REVOKE ALL ON ALL TABLES IN SCHEMA audit FROM ${role}, PUBLIC;
      GRANT USAGE ON SCHEMA audit TO ${role};
      GRANT SELECT ON ALL TABLES IN SCHEMA audit TO ${role};
      GRANT INSERT, DELETE ON audit.entries, audit.outcomes TO ${role}`);
  });
}

/**
 * Hands the audit trail to the owner of the database's server, where that one is named, and sets how long it is kept.
 * It may run again and again.
 * @throws Error when the database is unavailable
 */
export async function protectTrail(env: Readonly<Record<string, string | undefined>>): Promise<void> {
  const config = loadConfig(trailVariables, env);
  const url = config.GATEWAY_DATABASE_OWNER_URL ?? config.GATEWAY_DATABASE_URL;
  const options = { url, server: "the gateway's database", application: 'stoa-audit-trail' };
  await withSession(options, async (session) => {
    const service = decodeURIComponent(new URL(config.GATEWAY_DATABASE_URL).username);
    if (config.GATEWAY_DATABASE_OWNER_URL !== undefined) await handOver(session, service);
    await session
      .query('UPDATE audit.retention SET days = $1 WHERE days <> $1', [config.AUDIT_KEEP_DAYS])
      .catch((error: unknown) => {
        // Another run handed it over: its owner says how long.
        if (codeOf(error) !== INSUFFICIENT_PRIVILEGE) throw error;
      });
  });
}
