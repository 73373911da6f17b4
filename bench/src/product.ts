import { fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measure, report, type Figures, type Step } from './load.js';
import { startStack } from './stack.js';

/**
 * Reads one product: from the gateways' cache through HAProxy, straight from a gateway, and the same bytes from bare
 * Fastify.
 */
export async function benchProduct({
  connections,
  requests,
}: {
  connections: number;
  requests: number;
}): Promise<void> {
  const stack = await startStack();
  try {
    const list = (await (await fetch(`${stack.url}/v1/products?limit=1`)).json()) as { items: { handle: string }[] };
    const path = `/v1/products/${list.items[0]?.handle}`;
    const bytes = await (await fetch(stack.url + path)).text();
    const step: Step = {
      method: 'GET',
      path,
      check: (status, body) => (status === 200 && body === bytes ? undefined : `${status} ${body.slice(0, 200)}`),
    };
    const load = { url: stack.url, connections, next: () => step };
    await measure({ ...load, amount: { requests: Math.ceil(requests / 5) } }, stack.roles);
    const cached = await measure({ ...load, amount: { requests } }, stack.roles);
    report('A cached product, through HAProxy and two gateways', cached);
    const { url, role } = stack.gateway;
    await measure({ ...load, url, amount: { requests: Math.ceil(requests / 5) } }, [role]);
    const straight = await measure({ ...load, url, amount: { requests } }, [role]);
    report('The same, straight from one gateway', straight);
    const bare = await bareFastify(path, bytes, step, connections, requests);
    report('The same bytes from bare Fastify', bare);
    // One process each, with the same load: behind HAProxy two gateways get it in smaller sips, which costs more a
    // request.
    const ratio = (straight.cpu.get('gateway') ?? 0) / (bare.cpu.get('Fastify') ?? 1);
    console.log(`\n  one gateway : bare Fastify = ${ratio.toFixed(2)} (to reach: 1.4)`);
    if (cached.errors + straight.errors + bare.errors > 0) process.exitCode = 1;
  } finally {
    await stack.stop();
  }
}

async function bareFastify(
  path: string,
  bytes: string,
  step: Step,
  connections: number,
  requests: number,
): Promise<Figures> {
  const file = join(tmpdir(), `stoa-bench-${process.pid}.json`);
  writeFileSync(file, bytes);
  const child = fork(join(import.meta.dirname, 'bare-fastify.js'), ['0', file]);
  try {
    const { port } = await new Promise<{ port: number }>((resolve, reject) => {
      child.once('message', (message) => resolve(message as { port: number }));
      child.once('exit', (code) => reject(new Error(`bare Fastify ended with ${code}`)));
    });
    const roles = [{ name: 'Fastify', pids: [child.pid ?? 0] }];
    const load = { url: `http://127.0.0.1:${port}`, connections, next: () => ({ ...step, path }) };
    await measure({ ...load, amount: { requests: Math.ceil(requests / 5) } }, roles);
    return await measure({ ...load, amount: { requests } }, roles);
  } finally {
    child.removeAllListeners('exit');
    child.kill();
  }
}
