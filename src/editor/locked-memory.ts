/** Whether bytes of a memory may be staged from outside its page. */
import { BoardError } from '../board/errors.ts';
import type { MemorySession } from '../session/memory-session.ts';
import type { TileDocument } from './document.ts';
import type { HexPanel } from './panel.ts';

/**
 * Throws BoardError where edits are locked: by policy, or in a tab that shows frozen bytes.
 * @param asked the tab that a person asked in, whichever is in front by now
 */
export function refuseLocked(
  session: MemorySession,
  document: TileDocument | undefined,
  wanted: string,
  asked?: HexPanel,
): void {
  const panels = [...(document?.panels ?? [])];
  const isFrozen = panels.some((panel) => (panel === asked || panel.view.active) && panel.isFrozen);
  if (isFrozen || session.state.policy === 'locked') throw new BoardError('locked', wanted);
}
