import { processes } from '../../support/stack.js';
import type { Fault } from './fault.js';

interface Toxic {
  readonly type: string;
  readonly streams: readonly ('upstream' | 'downstream')[];
  readonly attributes: Readonly<Record<string, number>>;
}

/** Network faults between all services and one server. */
const TOXICS: Readonly<Record<string, Toxic>> = {
  latency: { type: 'latency', streams: ['downstream'], attributes: { latency: 200, jitter: 100 } },
  reset: { type: 'reset_peer', streams: ['downstream'], attributes: { timeout: 300 } },
  // Requests arrive and are done, but no response comes back.
  'black-hole': { type: 'timeout', streams: ['downstream'], attributes: { timeout: 0 } },
  'slow-link': { type: 'bandwidth', streams: ['upstream', 'downstream'], attributes: { rate: 48 } },
};

/** Each of them for each server, by the names that its proxies begin with. */
export const networkFaults = (servers: readonly string[]): Fault[] =>
  Object.entries(TOXICS).flatMap(([word, toxic]) =>
    servers.map((server): Fault => ({
      name: `${word}-${server}`,
      needs: 'toxiproxy',
      ...(/^postgres-shard/.test(server) && { shard: server.replace('postgres-', '') }),
      inject: async (random) => {
        const api = await toxiproxy();
        const victim = random.pick((await proxies(api)).filter((name) => new RegExp(`^${server}(-\\d+)?$`).test(name)));
        await Promise.all(toxic.streams.map((stream) => add(api, victim, stream, toxic)));
        return { victim, at: performance.now(), heal: () => removeAll(api) };
      },
    })),
  );

async function toxiproxy(): Promise<string> {
  const port = (await processes()).find(({ kind }) => kind === 'toxiproxy')?.port;
  if (!port) throw new Error('Toxiproxy does not run');
  return `http://127.0.0.1:${port}`;
}

const proxies = async (api: string): Promise<string[]> =>
  Object.keys((await (await fetch(`${api}/proxies`)).json()) as object);

const add = (api: string, proxy: string, stream: string, { type, attributes }: Toxic): Promise<void> =>
  post(`${api}/proxies/${proxy}/toxics`, { name: `${type}-${stream}`, type, stream, attributes });

const removeAll = (api: string): Promise<void> => post(`${api}/reset`, {});

async function post(url: string, body: unknown): Promise<void> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
}
