export { backoff, spread } from './backoff.js';
export { pause } from './pause.js';
export { withTimeout } from './with-timeout.js';
