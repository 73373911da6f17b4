import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { serveControl } from '../control/server.js';
import { addShardServer, requestShard } from './add-shard.js';
import { Supervisor } from '../processes/supervisor.js';

describe('one more shard server', () => {
  let stateDir: string;
  let supervisor: Supervisor;
  let end: () => void;

  beforeAll(async () => {
    stateDir = await mkdtemp(join(tmpdir(), 'stoa-more-'));
    await chmod(stateDir, 0o711);
    await mkdir(join(stateDir, 'data/postgres-shard1'), { recursive: true });
    await mkdir(join(stateDir, 'logs'));
    supervisor = new Supervisor(stateDir, () => undefined);
    end = await serveControl(stateDir, {
      'add shard': ({ name }) => addShardServer(stateDir, supervisor, name),
      'set clones': () => Promise.reject(new Error('not here')),
      roll: () => Promise.reject(new Error('not here')),
    });
  });
  afterAll(async () => {
    end();
    await supervisor.stop();
    await rm(stateDir, { recursive: true, force: true });
  });

  it('is started once under the first free name, and watched over', async () => {
    const { name, url } = await requestShard(stateDir, undefined);
    expect(name).toBe('shard2');
    const client = new Client({ connectionString: url });
    await client.connect();
    expect((await client.query('SHOW wal_level')).rows).toEqual([{ wal_level: 'logical' }]);
    await client.end();
    expect(supervisor.state().processes).toMatchObject([
      { name: 'postgres-shard2', kind: 'postgres', state: 'running' },
    ]);
    expect(await requestShard(stateDir, 'shard2')).toEqual({ name, url });
  });

  it('is refused under a name that is none, and where no stack runs', async () => {
    await expect(requestShard(stateDir, 'Shard 2')).rejects.toThrow(`"Shard 2" can't name a shard`);
    await expect(requestShard(join(stateDir, 'elsewhere'), undefined)).rejects.toThrow('no stack runs on this machine');
  });
});
