/** Stages a gesture of very many edits a few at a time, so that others have a turn in between. Knows no clock and no board. */
import { throwIfCancelled } from '../board/errors.ts';
import type { ByteEdit, Gesture } from './types.ts';

/** A gesture of several parts. Its undo and redo take a while; one is over before the next begins. */
export interface LongGesture {
  readonly document: string;
  readonly label: string;
  undo(): Promise<void>;
  redo(): Promise<void>;
}

/** Edits that are staged between two questions whether others want a turn. */
const pieceEdits = 256;

/**
 * Stages all edits, or none: where one of them is refused, or the signal ends it, those before it are undone, and it rejects
 * with that error. Edits do not overlap.
 *
 * @param stage stages a part, as `MemorySession.stage` does
 * @param pause asked often; resolves once others had their turn, if they want one
 */
export async function stageInPieces(
  edits: readonly ByteEdit[],
  { document, label }: Pick<Gesture, 'document' | 'label'>,
  stage: (edits: readonly ByteEdit[]) => Gesture,
  pause: () => Promise<void>,
  signal: AbortSignal,
): Promise<LongGesture> {
  const staged: Gesture[] = [];
  try {
    for (let at = 0; at < edits.length; at += pieceEdits) {
      if (at > 0) await pause();
      throwIfCancelled(signal);
      staged.push(stage(edits.slice(at, at + pieceEdits)));
    }
  } catch (error) {
    for (const one of staged.toReversed()) one.undo();
    throw error;
  }
  const each = async (gestures: readonly Gesture[], act: (one: Gesture) => void): Promise<void> => {
    for (const one of gestures) {
      act(one);
      await pause();
    }
  };
  return {
    document,
    label,
    undo: () => each(staged.toReversed(), (one) => one.undo()),
    redo: () => each(staged, (one) => one.redo()),
  };
}
