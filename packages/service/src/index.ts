export { ConfigError, loadConfig } from './config/load-config.js';
export { commaList, commonVariables, onOff, port, postgresUrl, type CommonConfig } from './config/variables.js';
export {
  startAdminServer,
  type AdminAnswer,
  type AdminRequest,
  type AdminRoutes,
  type AdminServer,
  type AdminServerOptions,
} from './observe/admin-server.js';
export { createLogger, type Logger, type LoggerOptions } from './observe/logger.js';
export { metrics } from './observe/metrics.js';
export { Readiness, type Unready } from './observe/readiness.js';
export { isSecretName, redact, scrub } from './observe/redact.js';
export { serverShare } from './observe/server-share.js';
export { servedFrom } from './observe/served-from.js';
export { spans, type Step } from './observe/spans.js';
export { trace, type TraceContext } from './observe/trace.js';
export type { DatabaseContext, ManagedDatabase, OpenDatabase } from './run/databases.js';
export { runMigrateCommand, settledMigration, type MigrateCommandOptions } from './migrate/run-migrate-command.js';
export { exportSpans } from './run/export-spans.js';
export { exitOnUncaught, exitWith, leaveOnSignal, type LeavingOptions } from './run/leaving.js';
export { configurationOrExit } from './run/configuration.js';
export { messagingMetrics } from './run/messaging-metrics.js';
export { messagingOptions } from './run/messaging-options.js';
export { poolHooks } from './run/pool-hooks.js';
export { NestLog } from './run/nest-log.js';
export { runService } from './run/lazily.js';
export type { ServiceOptions, ServiceVariables } from './run/run-service.js';
export { CONFIG, LOGGER } from './run/tokens.js';
