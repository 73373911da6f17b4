import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '@stoa/cli';
import { httpGet } from '../machine/http.js';
import { repoRoot } from '../state-dir/paths.js';
import { startChild, startingOf, type Running, type Starting } from './child.js';

export interface PaymentsOptions extends Starting {
  node: string;
  port: number;
  dataDir: string;
  logFile: string;
  secretKey: string;
  webhookSecret: string;
  webhookUrl: string;
}

export interface PaymentsServer extends Running {
  url: string;
}

/** Starts the local payment provider (infra/payments): it listens on 127.0.0.1 only and keeps its ledger in a file. */
export async function startPayments(options: PaymentsOptions): Promise<PaymentsServer> {
  const { port, node, dataDir, logFile, secretKey, webhookSecret, webhookUrl } = options;
  const script = join(repoRoot, 'infra/payments/dist/main.js');
  if (!existsSync(script)) throw new CliError('infra/payments/dist/main.js is missing: npm run build makes it');
  const url = `http://127.0.0.1:${port}`;
  const running = await startChild({
    ...startingOf(options),
    name: 'the payment provider',
    command: node,
    args: ['--max-old-space-size=64', '--max-semi-space-size=2', '--disable-warning=ExperimentalWarning', script],
    env: {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PAYMENTS_PORT: String(port),
      PAYMENTS_FOLDER: dataDir,
      PAYMENTS_WEBHOOK_URL: webhookUrl,
      STRIPE_SECRET_KEY: secretKey,
      STRIPE_WEBHOOK_SECRET: webhookSecret,
    },
    logFile,
    stopSignal: 'SIGTERM',
    lowPriority: true,
    probe: async () => {
      const { status } = await httpGet(`${url}/health`);
      if (status !== 200) throw new Error(`it says ${status}`);
    },
  });
  return { ...running, url };
}
