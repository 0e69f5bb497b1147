/** Runs of bytes that a gesture sets, and what of the memory under them was read. Pure. */

import type { PageEdit, ShownBytes } from '../../src/editor/messages.ts';
import { isUnreadable, reasonShift, stateBits, unreadableReasons } from '../../src/model/byte-state.ts';
import type { ByteRange } from '../../src/model/geometry.ts';
import { mergeRanges, pieceGap, runAt } from '../../src/model/ranges.ts';

/** A run of bytes that a gesture sets. */
export interface Run {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

const notRead = unreadableReasons.indexOf('not-read');

/** Whether the bytes of a cell were not read, or a read ended before them: another read may bring them. */
export function isBaseUnread(flags: number): boolean {
  if (isUnreadable(flags)) return flags >> reasonShift === notRead;
  return (flags & stateBits.known) === 0;
}

/** As `isBaseUnread`, of the cell: what was typed over an unread byte can be copied. */
export function isUnread(flags: number): boolean {
  return (flags & stateBits.staged) === 0 && isBaseUnread(flags);
}

/** How many cells show no byte. */
export function countWithout(flags: Uint8Array): number {
  return flags.reduce((sum, flag) => sum + ((flag & (stateBits.known | stateBits.staged)) === 0 ? 1 : 0), 0);
}

/** Bytes of all runs together. */
export function countBytes(runs: readonly Run[]): number {
  return runs.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

/** The ranges with all runs that are read for them: ascending and apart from each other. */
export function piecesOf(runs: readonly Run[]): readonly ByteRange[] {
  return mergeRanges(
    runs.map(({ offset, bytes }) => ({ offset, length: bytes.length })),
    pieceGap,
  );
}

/** What is shown of a range that lies in one of the pieces, which ascend. */
export function shownIn(pieces: readonly ShownBytes[], { offset, length }: ByteRange): ShownBytes {
  const piece = runAt(pieces, offset);
  if (piece === undefined) throw new RangeError(`nothing is known of byte ${offset}`);
  const cut = [offset - piece.offset, offset - piece.offset + length] as const;
  const { bytes, flags, base } = piece;
  return { offset, bytes: bytes.slice(...cut), flags: flags.slice(...cut), base: base.slice(...cut) };
}

/** The flags under the runs, one after the other. The pieces cover them. */
export function flagsUnder(runs: readonly Run[], pieces: readonly ShownBytes[]): Uint8Array {
  const flags = new Uint8Array(countBytes(runs));
  let at = 0;
  for (const { offset, bytes } of runs) {
    flags.set(shownIn(pieces, { offset, length: bytes.length }).flags, at);
    at += bytes.length;
  }
  return flags;
}

/** The run with what was on screen under it. `shown` covers it. */
export function withSeen({ offset, bytes }: Run, { offset: from, ...all }: ShownBytes): PageEdit {
  const cut = [offset - from, offset - from + bytes.length] as const;
  const shown = all.bytes.slice(...cut);
  const flags = all.flags.subarray(...cut);
  const base = all.base.slice(...cut);
  // Nothing was on screen of a base that is not known: the cell was all that could be seen.
  for (const [i, flag] of flags.entries()) if ((flag & stateBits.known) === 0) base[i] = shown[i] ?? 0;
  return { offset, bytes, seen: { base, shown } };
}

/**
 * The same edits with their bytes in three buffers: VS Code looks up the buffer of each array among all buffers of a message, so
 * that as many buffers as a long column has runs would stop the window.
 */
export function inSharedBuffers(edits: readonly PageEdit[]): PageEdit[] {
  const total = countBytes(edits);
  const [values, bases, cells] = [new Uint8Array(total), new Uint8Array(total), new Uint8Array(total)];
  let at = 0;
  return edits.map(({ offset, bytes, seen }) => {
    const cut = [at, at + bytes.length] as const;
    values.set(bytes, at);
    bases.set(seen.base, at);
    cells.set(seen.shown, at);
    at += bytes.length;
    const shared = { base: bases.subarray(...cut), shown: cells.subarray(...cut) };
    return { offset, bytes: values.subarray(...cut), seen: shared };
  });
}

/** What is left of the runs without the ranges. */
export function withoutRanges(runs: readonly Run[], ranges: readonly ByteRange[]): readonly Run[] {
  return ranges.reduce<readonly Run[]>(
    (left, range) =>
      left.flatMap(({ offset, bytes }) => {
        const from = Math.min(Math.max(range.offset - offset, 0), bytes.length);
        const to = Math.min(Math.max(range.offset + range.length - offset, from), bytes.length);
        const parts = [
          { offset, bytes: bytes.subarray(0, from) },
          { offset: offset + to, bytes: bytes.subarray(to) },
        ];
        return parts.filter((part) => part.bytes.length > 0);
      }),
    runs,
  );
}
