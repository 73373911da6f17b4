import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Provider, type Exchange } from '../provider.js';
import type { Settings } from '../settings.js';
import { OpenApi } from './openapi.js';

/** A provider in this process, with a ledger of its own. */
export interface RunningProvider {
  readonly url: string;
  readonly secretKey: string;
  readonly webhookSecret: string;
  /** All requests so far that got a response. */
  readonly exchanges: readonly Exchange[];
  /** Lists where they do not fit Stripe's description; undefined where that is not at hand. */
  misfits(): string[] | undefined;
  /** Switches a fault on: see the menu. */
  fault(fields: Readonly<Record<string, string | number>>): Promise<void>;
  faultsOff(): Promise<void>;
  /** Ends it and starts it anew on the same ledger and port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => void server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

/** Starts one. @param webhookUrl where its webhooks go; without it none are sent */
export async function startProvider({
  webhookUrl,
  lateMs = 500,
}: { readonly webhookUrl?: string; readonly lateMs?: number } = {}): Promise<RunningProvider> {
  const folder = mkdtempSync(join(tmpdir(), 'stoa-provider-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const secretKey = `sk_local_${randomBytes(12).toString('hex')}`;
  const secret = `whsec_${randomBytes(12).toString('hex')}`;
  const webhook = webhookUrl === undefined ? undefined : { url: webhookUrl, secret };
  const settings: Settings = { host: '127.0.0.1', port, folder, secretKey, webhook, publicUrl: url, lateMs };
  const exchanges: Exchange[] = [];
  const open = (): Provider => new Provider(settings, (exchange) => void exchanges.push(exchange));
  let provider = open();
  await provider.start();
  const local = async (method: string, body?: string): Promise<void> => {
    const headers = { authorization: `Bearer ${secretKey}`, 'content-type': 'application/x-www-form-urlencoded' };
    const response = await fetch(`${url}/_local/faults`, { method, headers, ...(body !== undefined && { body }) });
    if (!response.ok) throw new Error(await response.text());
  };
  return {
    url,
    secretKey,
    webhookSecret: secret,
    exchanges,
    misfits: () => {
      const api = OpenApi.open();
      const line = ({ method, path, status }: Exchange): string => `${method} ${path} ${status}`;
      return api && exchanges.flatMap((each) => (api.misfits(each) ?? []).map((misfit) => `${line(each)}: ${misfit}`));
    },
    fault: (fields) =>
      local(
        'POST',
        new URLSearchParams(
          Object.entries(fields).map(([key, value]): [string, string] => [key, `${value}`]),
        ).toString(),
      ),
    faultsOff: () => local('DELETE'),
    restart: async () => {
      await provider.stop();
      provider = open();
      await provider.start();
    },
    stop: async () => {
      await provider.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
