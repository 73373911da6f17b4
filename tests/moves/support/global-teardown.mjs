import { takeDown } from '../../support/own-stack.mjs';
import { stopOwnServers } from './own-servers.mjs';

export default async function globalTeardown() {
  await stopOwnServers();
  await takeDown();
}
