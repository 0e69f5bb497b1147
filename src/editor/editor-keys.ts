/** Which of the editor's commands can do something now. */

/** What the keys are made of: the editor in front. */
export interface EditorFacts {
  readonly connected: boolean;
  readonly policy: 'locked' | 'staged';
  /** It cannot be unlocked here. */
  readonly lockedFor?: string | undefined;
  readonly stagedBytes: number;
  readonly conflictBytes: number;
  /** The edits were staged in an earlier epoch. */
  readonly epochChanged: boolean;
  /** Program memory is on screen that is not read because its core runs. */
  readonly coreRuns: boolean;
}

/** Context keys by their names after `tilescope.`; without an editor in front all are false. */
export function editorKeys(facts: EditorFacts | undefined) {
  const locked = facts?.policy === 'locked';
  return {
    canRead: facts?.connected === true,
    canUnlock: locked && facts.lockedFor === undefined,
    canLock: facts?.policy === 'staged',
    hasStaged: (facts?.stagedBytes ?? 0) > 0,
    hasConflicts: (facts?.conflictBytes ?? 0) > 0,
    mustRebase: facts?.epochChanged === true,
    coreRuns: facts?.coreRuns === true,
  };
}
