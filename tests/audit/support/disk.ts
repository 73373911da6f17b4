import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import path from 'node:path';
import { stateDir } from '../../support/servers.js';
import type { Fault } from './fault.js';

const CHUNK = Buffer.alloc(1 << 20);

/** The folder with everybody's logs has no byte left. */
export const diskFull: Fault = {
  name: 'disk-full',
  needs: 'small disk',
  inject: async () => {
    const logs = path.join(stateDir(), 'logs');
    const filler = path.join(logs, 'filler');
    fill(filler);
    if (statfsSync(logs).bavail > 0) throw new Error(`${logs} is not full`);
    return { victim: 'logs', at: performance.now(), heal: async () => rmSync(filler) };
  },
};

function fill(file: string): void {
  const fd = openSync(file, 'w');
  try {
    for (let size = CHUNK.length; size > 0;) {
      try {
        writeSync(fd, CHUNK, 0, size);
      } catch {
        size >>= 1;
      }
    }
  } finally {
    closeSync(fd);
  }
}
