import type { ServiceOptions, ServiceVariables } from './run-service.js';

/**
 * Runs a clone of a service until a signal: configuration, log, health and metrics over HTTP, database, Kafka.
 * Ready once it has joined its consumer group and its database answers. SIGTERM and SIGINT drain it and exit 0 within
 * 10 s. A wrong configuration, a start that fails and any uncaught error exit 1, and say why.
 */
export async function runService<S extends ServiceVariables>(options: ServiceOptions<S>): Promise<void> {
  // Loaded late, because Nest and Kafka are half a second of start, and migrations import this package too.
  const { startService } = await import('./run-service.js');
  await startService(options);
}
