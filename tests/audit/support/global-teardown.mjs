import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import { takeDown } from '../../support/own-stack.mjs';

const kept = path.resolve(import.meta.dirname, '../../../.stoa/audit-logs');

/** The logs stay, until the next audit. */
export default async function globalTeardown() {
  await takeDown((stateDir) => {
    const logs = path.join(stateDir, 'logs');
    rmSync(kept, { recursive: true, force: true });
    cpSync(logs, kept, { recursive: true });
    process.stdout.write(`audit: logs in ${kept}\n`);
    if (!JSON.parse(process.env.STOA_AUDIT_LACKING ?? '{}')['small disk']) execFileSync('umount', [logs]);
  });
}
