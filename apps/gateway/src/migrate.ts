import { runMigrateCommand } from '@stoa/service';
import { protectTrail } from './audit/protect-trail.js';

await runMigrateCommand('gateway');
if (process.exitCode === undefined || process.exitCode === 0) {
  await protectTrail(process.env).catch((error: unknown) => {
    process.stderr.write(`gateway: the audit trail: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
