import { messagingMigrations } from '@stoa/messaging';
import { runMigrateCommand } from '@stoa/service';

await runMigrateCommand('catalog', { packages: [messagingMigrations] });
