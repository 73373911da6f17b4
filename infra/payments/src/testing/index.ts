export { OpenApi } from './openapi.js';
export { startProvider, type RunningProvider } from './start-provider.js';
