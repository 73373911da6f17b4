import { givenServers, startTestServers, type TestServers } from './servers.js';

declare global {
  var stoaTestServers: TestServers | undefined;
}

/** Run by Jest once before all integration tests: its workers inherit the environment set here. */
export default async function globalSetup(): Promise<void> {
  if (givenServers()) return;
  globalThis.stoaTestServers = await startTestServers();
  Object.assign(process.env, globalThis.stoaTestServers.environment);
}
