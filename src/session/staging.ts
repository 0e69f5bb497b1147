/** Gestures: from the edits of one to runs that can be staged, and one that drops edits. */
import { stateBits } from '../model/byte-state.ts';
import { mergeRanges, runAt } from '../model/ranges.ts';
import type { Dropped, StageRun } from './edit-stack.ts';
import type { Image } from './image.ts';
import type { Pieces } from './pieces.ts';
import type { ByteEdit, Gesture, SeenBytes } from './types.ts';

/**
 * The runs of a gesture: later edits win, and each byte has what was seen under it. Also whether some of these bytes are
 * of an ended epoch. Throws SessionError `bytes-unknown` or
 * `bytes-unreadable` where nothing is known that could have been seen.
 */
export function runsToStage(
  image: Image,
  edits: readonly ByteEdit[],
): { readonly runs: readonly StageRun[]; readonly isStale: boolean } {
  let isStale = false;
  const runs = flatten(edits).map(({ offset, bytes, given, base, shown }): StageRun => {
    const seen = new Uint8Array(bytes.length);
    for (let i = 0; i < bytes.length; i++) {
      const state = image.plane.state(offset + i);
      if ((state & stateBits.known) === 0) throw image.notEditable(offset + i);
      if ((state & stateBits.stale) !== 0) isStale = true;
      const now = image.value(offset + i);
      // What was typed and has been written since was on screen as well.
      const wasSeen = given[i] !== 1 || now === shown[i];
      seen[i] = wasSeen ? now : (base[i] ?? 0);
    }
    return { offset, bytes, seen };
  });
  return { runs, isStale };
}

/**
 * A gesture that drops edits when it is made, and the same when it is redone, and brings them back when it is undone; undefined
 * if there was nothing to drop.
 */
export function droppingGesture(
  { edits, events }: Pieces,
  document: string,
  label: string,
  dropEdits: () => Dropped,
): Gesture | undefined {
  const drop = (dropEdits: () => Dropped) =>
    events.settling(() => {
      const dropped = dropEdits();
      events.bytes(dropped.ranges);
      return dropped;
    });
  let last = drop(dropEdits);
  let isUndone = false;
  if (last.ranges.length === 0) return undefined;
  return {
    document,
    label,
    undo: () => {
      if (isUndone) return;
      isUndone = true;
      edits.restore(last);
      events.bytes(last.ranges);
    },
    redo: () => {
      if (!isUndone) return;
      isUndone = false;
      last = drop(() => edits.redrop(last));
    },
  };
}

/** A run of a gesture; all arrays have its length. `given` is 1 where `base` and `shown` say what was on screen. */
interface FlatRun extends SeenBytes {
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly given: Uint8Array;
}

/** The edits as ascending runs that do not overlap; later edits win. The arrays are ours. */
function flatten(edits: readonly ByteEdit[]): FlatRun[] {
  const ranges = mergeRanges(edits.map(({ offset, bytes }) => ({ offset, length: bytes.length })));
  const runs = ranges.map(({ offset, length }): FlatRun => {
    const array = () => new Uint8Array(length);
    return { offset, bytes: array(), given: array(), base: array(), shown: array() };
  });
  for (const { offset, bytes, seen } of edits) {
    const run = runAt(runs, offset);
    if (run === undefined || bytes.length === 0) continue;
    const at = offset - run.offset;
    run.bytes.set(bytes, at);
    run.given.fill(seen === undefined ? 0 : 1, at, at + bytes.length);
    if (seen === undefined) continue;
    run.base.set(seen.base, at);
    run.shown.set(seen.shown, at);
  }
  return runs;
}
