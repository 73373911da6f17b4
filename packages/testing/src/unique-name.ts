import { randomBytes } from 'node:crypto';

/** A name that no other test has, so that tests run side by side on shared servers: `prefix-1f0c9a7be2d4`. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}
