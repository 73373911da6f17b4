import { randomUUID } from 'node:crypto';
import { bucketOf } from '../src/map/bucket.js';

/** An id whose bucket is the one wanted. */
export function idIn(bucket: number): string {
  for (;;) {
    const id = randomUUID();
    if (bucketOf(id) === bucket) return id;
  }
}
