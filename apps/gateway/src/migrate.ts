import { runMigrateCommand } from '@stoa/service';

await runMigrateCommand('gateway');
