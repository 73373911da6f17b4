/** The provider's settings, all from its environment. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  /** Where its ledger is kept. */
  readonly folder: string;
  /** A shop authenticates with it. */
  readonly secretKey: string;
  /** Where webhooks go, and what signs them; without an address none are sent. */
  readonly webhook: { readonly url: string; readonly secret: string } | undefined;
  /** Where shoppers reach its pages. */
  readonly publicUrl: string;
  /** How late a late webhook comes. */
  readonly lateMs: number;
}

/** @throws Error that names the variable which is missing */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const port = Number(env['PAYMENTS_PORT'] ?? '4242');
  const host = env['HOST'] ?? '127.0.0.1';
  const url = env['PAYMENTS_WEBHOOK_URL'];
  return {
    host,
    port,
    folder: needed(env, 'PAYMENTS_FOLDER'),
    secretKey: needed(env, 'STRIPE_SECRET_KEY'),
    webhook: url ? { url, secret: needed(env, 'STRIPE_WEBHOOK_SECRET') } : undefined,
    publicUrl: (env['PAYMENTS_PUBLIC_URL'] ?? `http://${host}:${port}`).replace(/\/$/, ''),
    lateMs: Number(env['PAYMENTS_LATE_MS'] ?? '5000'),
  };
}

function needed(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}
