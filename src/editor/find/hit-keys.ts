/** Which of the commands for hits can do something now. */

/**
 * Context keys by their names after `tilescope.`.
 * @param inTabs hits of each tab
 * @param inMemories hits of the search of all memories
 */
export function hitKeys(inTabs: readonly number[], inMemories: number) {
  return {
    hasHits: inMemories > 0 || inTabs.some((count) => count > 0),
    hasMemoryHits: inMemories > 0,
  };
}
