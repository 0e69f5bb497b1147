/** Which of the commands for watches can do something now. */

/** Context keys by their names after `tilescope.`. */
export function watchKeys(watches: readonly unknown[]) {
  return { hasWatches: watches.length > 0 };
}
