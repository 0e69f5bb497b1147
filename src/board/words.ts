/**
 * Edits of bytes as masked 32-bit words and back. Little endian: byte i of a word is bits 8i to 8i+7. Pure.
 */
import { type UnreadableReason, unreadableReasons } from '../model/byte-state.ts';
import type { WriteEdit, WriteOutcome, WriteSpan } from './board.ts';
import { BoardError } from './errors.ts';
import { outcomeNames, outcomeRecordWords, writeRecordWords } from './protocol/core-client.ts';

/** Edits in ascending order with the words that write them. */
export interface PackedEdits {
  readonly edits: readonly WriteEdit[];
  /** Records of offset, seen, mask, value; see `CoreWriteRequest.words`. */
  readonly words: Uint32Array;
}

/**
 * Joins edits into words. Every edited byte is compared and written, whether its value changes or not.
 * Throws `internal` if edits overlap.
 */
export function packEdits(edits: readonly WriteEdit[]): PackedEdits {
  const sorted = edits.filter((edit) => edit.bytes.length > 0).sort((a, b) => a.offset - b.offset);
  let count = 0;
  let end = 0;
  for (const edit of sorted) {
    if (edit.offset < end) {
      throw new BoardError('internal', `two edits overlap at buffer offset ${edit.offset}`);
    }
    const firstNew = end > 0 && edit.offset >> 2 === (end - 1) >> 2 ? 1 : 0;
    end = edit.offset + edit.bytes.length;
    count += ((end - 1) >> 2) - (edit.offset >> 2) + 1 - firstNew;
  }
  const words = new Uint32Array(count * writeRecordWords);
  let record = -writeRecordWords;
  let current = -1;
  for (const edit of sorted) {
    for (let i = 0; i < edit.bytes.length; i++) {
      const offset = edit.offset + i;
      const base = offset - (offset & 3);
      if (base !== current) {
        current = base;
        record += writeRecordWords;
        words[record] = base;
      }
      const shift = (offset & 3) * 8;
      words[record + 1] = (words[record + 1] ?? 0) | ((edit.seen[i] ?? 0) << shift);
      words[record + 2] = (words[record + 2] ?? 0) | (0xff << shift);
      words[record + 3] = (words[record + 3] ?? 0) | ((edit.bytes[i] ?? 0) << shift);
    }
  }
  return { edits: sorted, words };
}

/**
 * Tells per byte what became of the edits. Within a word that was written, each byte is `verified` or `changed-after`
 * by its own read-back value. `outcomes` must hold one record per packed word, in order (checked by the client).
 */
export function unpackOutcomes(packed: PackedEdits, outcomes: Uint32Array): WriteSpan[] {
  const spans: WriteSpan[] = [];
  let open: OpenSpan | undefined;
  const close = () => {
    if (open === undefined) return;
    const { offset, outcome, reason, now } = open;
    const span = { offset, length: now.length, outcome, now: Uint8Array.from(now) };
    spans.push(reason === undefined ? span : { ...span, reason });
    open = undefined;
  };
  let record = -outcomeRecordWords;
  let current = -1;
  for (const edit of packed.edits) {
    for (let i = 0; i < edit.bytes.length; i++) {
      const offset = edit.offset + i;
      const base = offset - (offset & 3);
      if (base !== current) {
        current = base;
        record += outcomeRecordWords;
      }
      const code = outcomes[record + 1] ?? 0;
      const back = ((outcomes[record + 2] ?? 0) >>> ((offset & 3) * 8)) & 0xff;
      const outcome = byteOutcome(outcomeNames[code & 0xff], back === edit.bytes[i]);
      const failed = outcome === 'refused' || outcome === 'unreadable';
      const reason = failed ? unreadableReasons[(code >>> 8) & 0xff] : undefined;
      if (
        open === undefined ||
        open.offset + open.now.length !== offset ||
        open.outcome !== outcome ||
        open.reason !== reason
      ) {
        close();
        open = { offset, outcome, reason, now: [] };
      }
      open.now.push(failed ? 0 : back);
    }
  }
  close();
  return spans;
}

interface OpenSpan {
  readonly offset: number;
  readonly outcome: WriteOutcome;
  readonly reason: UnreadableReason | undefined;
  readonly now: number[];
}

function byteOutcome(word: WriteOutcome | undefined, equal: boolean): WriteOutcome {
  if (word === 'verified' || word === 'changed-after') return equal ? 'verified' : 'changed-after';
  return word ?? 'unreadable';
}
