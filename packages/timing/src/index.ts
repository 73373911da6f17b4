export { backoff, spread } from './backoff.js';
export { pause } from './pause.js';
export { withServerTimeout, withTimeout } from './with-timeout.js';
