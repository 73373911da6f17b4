import './global-setup.js';

/** Run by Jest once after all integration tests. Servers that were given by the environment stay. */
export default async function globalTeardown(): Promise<void> {
  await globalThis.stoaTestServers?.stop();
  globalThis.stoaTestServers = undefined;
}
