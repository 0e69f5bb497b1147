/** What a session knows of bytes, as other programs get it: the base, without staged edits, and what is missing. */
import type { MemoryBytes, UnreadableRun } from '../../api/tilescope.d.ts';
import { isUnreadable, reasonOf, stateBits } from '../model/byte-state.ts';
import type { ByteRange } from '../model/geometry.ts';
import type { MemorySession } from '../session/memory-session.ts';

/** A run that still grows. */
export type MutableRun = { -readonly [K in keyof UnreadableRun]: UnreadableRun[K] };

/** The bytes where all of them are of the present epoch; `undefined` where some are not known. */
export function knownBytes(
  session: MemorySession,
  range: ByteRange,
): Pick<MemoryBytes, 'bytes' | 'unreadable'> | undefined {
  const { base, flags } = session.bytes(range);
  const unreadable: MutableRun[] = [];
  for (const [offset, flag] of flags.entries()) {
    const isFound = (flag & stateBits.known) !== 0 || isUnreadable(flag);
    if (!isFound || (flag & stateBits.stale) !== 0) return undefined;
    const reason = reasonOf(flag);
    if (reason === undefined) continue;
    base[offset] = 0;
    addRun(unreadable, offset, 1, reason);
  }
  return { bytes: base, unreadable };
}

/** Adds a run after all others, or to the last one. */
export function addRun(runs: MutableRun[], offset: number, length: number, reason: string): void {
  const last = runs.at(-1);
  if (last !== undefined && last.reason === reason && last.offset + last.length === offset)
    last.length += length;
  else runs.push({ offset, length, reason });
}
