/** Waits for all, even when one fails: nothing is in flight when the caller cleans up. @throws the first error */
export async function allSettledOrThrow<T>(work: Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(work);
  const failed = results.filter((result) => result.status === 'rejected');
  if (failed[0]) throw failed[0].reason;
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}
