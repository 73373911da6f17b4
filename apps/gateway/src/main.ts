import {
  configurationOrExit,
  createLogger,
  exitOnUncaught,
  exitWith,
  exportSpans,
  leaveOnSignal,
  Readiness,
  startAdminServer,
} from '@stoa/service';
import { gatewayVariables } from './config.js';
import { runGateway, type Gateway } from './run-gateway.js';

const config = configurationOrExit(gatewayVariables);
const started = performance.now();
const logger = createLogger({ service: 'gateway', clone: config.STOA_CLONE, level: config.LOG_LEVEL });
exitOnUncaught(logger);
const readiness = new Readiness();
let gateway: Gateway | undefined;
let isLeaving = (): boolean => false;

try {
  const endSpans = await exportSpans('gateway', config, logger);
  const admin = await startAdminServer({ host: config.HOST, port: config.ADMIN_PORT, readiness });
  logger.info({ adminPort: admin.port, pid: process.pid }, 'starting');
  isLeaving = leaveOnSignal({
    logger,
    readiness,
    leave: async () => {
      await gateway?.close(config.DRAIN_DELAY_MS);
      await Promise.all([admin.close(), endSpans()]);
    },
  });
  const onFatal = (error: Error): never => exitWith(logger, error, 'messaging cannot go on');
  gateway = await runGateway({ config, logger, readiness, onFatal });
  await readiness.whenReady();
  const ms = Math.round(performance.now() - started);
  logger.info({ port: gateway.port, adminPort: admin.port, pid: process.pid, ms }, 'ready');
} catch (error) {
  if (!isLeaving()) exitWith(logger, error, 'the start failed');
}
