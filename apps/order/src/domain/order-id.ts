/** The bucket's part of an order's id: its last three hexadecimal digits. */
const DIGITS = 3;
const BUCKETS = 1024;

/** An order's id: `derived`, with the bucket in it, so that an order is found by its id in one bucket. */
export const orderIdIn = (derived: string, bucket: number): string =>
  derived.slice(0, -DIGITS) + bucket.toString(16).padStart(DIGITS, '0');

/** The bucket that an order of this id would be in; undefined: there is no such order. */
export function bucketOfOrder(orderId: string): number | undefined {
  const bucket = Number.parseInt(orderId.slice(-DIGITS), 16);
  return bucket < BUCKETS ? bucket : undefined;
}
