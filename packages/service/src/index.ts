export { ConfigError, loadConfig } from './config/load-config.js';
export { commaList, commonVariables, onOff, port, postgresUrl, type CommonConfig } from './config/variables.js';
export {
  startAdminServer,
  type AdminAnswer,
  type AdminRequest,
  type AdminRoutes,
  type AdminServer,
  type AdminServerOptions,
} from './admin/admin-server.js';
export { createLogger, type Logger, type LoggerOptions } from './logs/logger.js';
export { metrics } from './metrics/metrics.js';
export { Readiness, type Unready } from './admin/readiness.js';
export { isSecretName, redact, scrub } from './logs/redact.js';
export { serverShare } from './context/server-share.js';
export { servedFrom } from './context/served-from.js';
export { spans, type Step } from './tracing/spans.js';
export { trace, type TraceContext } from './context/trace.js';
export type { DatabaseContext, ManagedDatabase, OpenDatabase } from './databases/databases.js';
export { runMigrateCommand, settledMigration, type MigrateCommandOptions } from './databases/run-migrate-command.js';
export { exportSpans } from './tracing/export-spans.js';
export { exitOnUncaught, exitWith, leaveOnSignal, type LeavingOptions } from './run/leave-on-signal.js';
export { configurationOrExit } from './config/configuration.js';
export { messagingMetrics } from './metrics/messaging-metrics.js';
export { messagingOptions } from './run/messaging-options.js';
export { poolHooks } from './databases/pool-hooks.js';
export { NestLog } from './logs/nest-log.js';
export { runService } from './run/run-lazily.js';
export type { ServiceOptions, ServiceVariables } from './run/run-service.js';
export { CONFIG, LOGGER } from './run/tokens.js';
