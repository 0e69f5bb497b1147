/** Which of the commands for staged edits and writes can do something now. */

/** Context keys by their names after `tilescope.`. @param memories what was staged in each open memory, and written to it */
export function editKeys(memories: readonly { readonly staged: number; readonly writes: number }[]) {
  return { hasEdits: memories.some(({ staged, writes }) => staged > 0 || writes > 0) };
}
