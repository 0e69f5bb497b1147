/** Which of the commands for hits can do something now. */

/** Context keys by their names after `tilescope.`. @param counts hits of each search */
export function hitKeys(counts: readonly number[]) {
  return { hasHits: counts.some((count) => count > 0) };
}
