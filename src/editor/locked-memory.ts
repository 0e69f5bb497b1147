/** Whether bytes of a memory may be staged from outside its page. */
import { BoardError } from '../board/errors.ts';
import type { MemorySession } from '../session/memory-session.ts';
import type { TileDocument } from './document.ts';

/** Throws BoardError where edits are locked: by policy, or in a tab that shows frozen bytes. */
export function refuseLocked(
  session: MemorySession,
  document: TileDocument | undefined,
  wanted: string,
): void {
  const panels = [...(document?.panels ?? [])];
  const isFrozen = panels.some((panel) => panel.view.active && panel.isFrozen);
  if (isFrozen || session.state.policy === 'locked') throw new BoardError('locked', wanted);
}
