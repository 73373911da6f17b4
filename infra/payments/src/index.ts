export { Provider } from './provider.js';
export type { Settings } from './settings.js';
export { signatureOf } from './webhooks/signature.js';
export { TEST_CARDS } from './cards/test-cards.js';
