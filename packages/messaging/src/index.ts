export * from './types.js';
export * from './options.js';
export * from './command-execution.js';
export * from './kafka/port.js';
