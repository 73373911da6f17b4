import { runMigrateCommand } from '@stoa/service';

await runMigrateCommand('catalog');
