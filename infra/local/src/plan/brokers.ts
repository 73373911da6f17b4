import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '@stoa/cli';

/** How many Kafka brokers run: one, or three that replicate to each other. */
export type Brokers = 1 | 3;

/**
 * As many as were asked for, else as many as the data in the state folder are of, else one.
 * @throws CliError when the data are of another number: topics do not spread to new brokers by themselves
 */
export function brokersToRun(stateDir: string, asked: Brokers | undefined): Brokers {
  const has = (name: string): boolean => existsSync(join(stateDir, 'data', name));
  const kept = has('kafka-1') ? 3 : has('kafka') ? 1 : undefined;
  if (kept !== undefined && asked !== undefined && kept !== asked) {
    const words = `the data in ${stateDir} are of ${kept === 1 ? 'one Kafka broker' : 'three Kafka brokers'}`;
    throw new CliError(
      `${words}, not of ${asked}: leave --brokers out, choose another STOA_STATE_DIR, or npm run reset`,
    );
  }
  return asked ?? kept ?? 1;
}
