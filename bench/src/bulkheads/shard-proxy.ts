import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { addShard, listShards } from '@stoa/sharding';
import { TestProxy } from '@stoa/testing';
import type { Stack } from '../stack.js';

/** The link of one service to one of its shards, which can be closed, frozen or slowed. */
export interface ShardProxy {
  readonly proxy: TestProxy;
  /** The service goes straight to its shard again. */
  end(): Promise<void>;
}

/** Leads a running service to a shard through a proxy: the shard map gives it another URL. */
export async function openShardProxy(stack: Stack, keyspace: string, shard: string): Promise<ShardProxy> {
  const directoryUrl = await directoryOf(stack);
  const found = (await listShards(directoryUrl, keyspace)).find(({ name }) => name === shard);
  if (!found) throw new Error(`${keyspace} has no ${shard}`);
  const proxy = await TestProxy.open(found.url);
  await addShard(directoryUrl, keyspace, { ...found, url: proxy.through(found.url) });
  return {
    proxy,
    end: async () => {
      await addShard(directoryUrl, keyspace, found);
      await proxy.close();
    },
  };
}

async function directoryOf(stack: Stack): Promise<string> {
  const { password } = JSON.parse(readFileSync(join(stack.stateDir, 'postgres.json'), 'utf8')) as { password: string };
  const main = (await stack.processes()).find(({ name }) => name === 'postgres-main');
  return `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${main?.port}/directory`;
}
