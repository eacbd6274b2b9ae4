/**
 * Calls `work` once for each of `0 … count − 1`, in rising order, with at most `limit` calls under way at once.
 * The first rejection stops the rest from being started and is passed on after those under way have ended.
 */
export async function forEachLimited(
  count: number,
  limit: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  let failed = false;
  const lane = async (): Promise<void> => {
    while (next < count && !failed) {
      const index = next++;
      try {
        await work(index);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const lanes = Array.from({ length: Math.min(limit, count) }, lane);
  for (const result of await Promise.allSettled(lanes)) if (result.status === 'rejected') throw result.reason;
}
