import type { z } from 'zod';
import { ConfigError, loadConfig } from './load-config.js';

/** As loadConfig, but ends the process with the lines on standard error: there is no logger yet. */
export function configurationOrExit<S extends z.ZodObject>(schema: S): z.output<S> {
  try {
    return loadConfig(schema);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
