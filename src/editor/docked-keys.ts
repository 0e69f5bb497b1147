/** Which of the docked view's commands can do something now. */

/** Context keys by their names after `tilescope.`. */
export function dockedKeys(isDocked: boolean) {
  return { hasDocked: isDocked };
}
