/** Which of the editor's commands can do something now. */
import type { WritePolicy } from './messages.ts';

/** What the keys are made of: the editor in front. */
export interface EditorFacts {
  readonly connected: boolean;
  readonly policy: WritePolicy;
  /** It cannot be unlocked here. */
  readonly lockedFor?: string | undefined;
  readonly stagedBytes: number;
  readonly conflictBytes: number;
  /** The edits were staged in an earlier epoch. */
  readonly epochChanged: boolean;
  /** Program memory is on screen that is not read because its core runs. */
  readonly coreRuns: boolean;
  /** Values that differ from what the memory is compared with. */
  readonly mismatches: number;
  /** Changes are marked in the memory that it shows. */
  readonly hasChanges: boolean;
  /** A build names places of that memory. */
  readonly hasNamedPlaces: boolean;
  /** Editors of its document, itself included. */
  readonly views: number;
  /** They scroll together. */
  readonly scrollsTogether: boolean;
}

/**
 * Context keys by their names after `tilescope.`; without an editor in front all but the last are false.
 *
 * @param isComparing a memory is compared with something, whether or not it is in front
 */
export function editorKeys(facts: EditorFacts | undefined, isComparing: boolean) {
  const locked = facts?.policy === 'locked';
  return {
    canRead: facts?.connected === true,
    canUnlock: locked && facts.lockedFor === undefined,
    canLock: facts !== undefined && !locked,
    canBeImmediate: facts?.connected === true && facts.policy === 'staged',
    canStageEdits: facts?.policy === 'immediate',
    hasStaged: (facts?.stagedBytes ?? 0) > 0,
    hasConflicts: (facts?.conflictBytes ?? 0) > 0,
    mustRebase: facts?.epochChanged === true,
    coreRuns: facts?.coreRuns === true,
    hasMismatches: (facts?.mismatches ?? 0) > 0,
    hasChanges: facts?.hasChanges === true,
    hasNamedPlaces: facts?.hasNamedPlaces === true,
    canScrollTogether: (facts?.views ?? 0) > 1 && facts?.scrollsTogether === false,
    canScrollApart: facts?.scrollsTogether === true,
    hasComparison: isComparing,
  };
}
