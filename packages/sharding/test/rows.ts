import { randomUUID } from 'node:crypto';
import { bucketOf } from '../src/map/bucket.js';

/** Makes an id of a bucket. */
export function idIn(bucket: number): string {
  for (;;) {
    const id = randomUUID();
    if (bucketOf(id) === bucket) return id;
  }
}
