/** Any file that keeps the memory of a partition. Knows which kinds there are; not one byte of any. */
import { isCoreDump, readCoreDump } from './core-dump.ts';
import { isZip, readSnapshot, type SavedSnapshot } from './snapshot-file.ts';

/** Whether a file says of itself that it keeps the memory of a partition; a core dump without a header does not. */
export function saysItIsKept(bytes: Uint8Array): boolean {
  return isZip(bytes) || isCoreDump(bytes);
}

/**
 * Reads a snapshot, or a core dump with or without a header. Throws FileError `snapshot`.
 *
 * @param label what the file is called
 * @param at when it was written, milliseconds since 1970
 */
export function readKept(bytes: Uint8Array, label: string, at: number): SavedSnapshot {
  return isZip(bytes) ? readSnapshot(bytes) : readCoreDump(bytes, label, at);
}
