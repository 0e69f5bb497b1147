/**
 * The edited bytes of a memory in ascending order, each with what the edit stack knows of it. Knows places and marks, not
 * why they change. However edits lie, a byte costs 13 to 26 bytes, 20 to 40 once it was written, and finding or adding one
 * costs the same.
 */
import type { ByteRange } from '../model/geometry.ts';
import { endOf } from '../model/ranges.ts';

const mostCells = 512;

/** Bits of `EditChunk.marks`. */
export const editMarks = {
  /** Another edit is on top than when the byte was last written. */
  pending: 1,
  /** Pending, and the wanted value is not known to be on the device. */
  staged: 2,
  /** Staged, and the base differs from what was seen. */
  conflict: 4,
  /** A write may have happened: `tried` says what. */
  uncertain: 8,
} as const;

/** Up to 512 edited bytes; all arrays go by the byte's place among them. */
export interface EditChunk {
  count: number;
  readonly offsets: Uint32Array;
  /** Newest edit that covers the byte, undone or not; 0 none. */
  readonly head: Uint32Array;
  /** Newest edit in force: its value is wanted; 0: the ground's. */
  readonly top: Uint32Array;
  readonly marks: Uint8Array;
  /** Made with the first byte of the chunk that is written. */
  written: WrittenCells | undefined;
  /** Bytes with these marks. */
  staged: number;
  conflicts: number;
}

/** What is known of bytes that were written, or may have been. */
export interface WrittenCells {
  /** `top` when the byte was last written; 0 if it never was. */
  readonly settled: Uint32Array;
  /** What the device held before the first write. Undoing every written edit brings it back. */
  readonly ground: Uint8Array;
  /** The base that a write of `ground` is compared with: what was written last. */
  readonly groundSeen: Uint8Array;
  /** What may have been written, where the answer is missing. */
  readonly tried: Uint8Array;
}

/** Edited bytes by offset. After `chunkAt` and `ensure`, `at` is the place of the byte in the chunk that they answered. */
export class EditIndex {
  #chunks: EditChunk[] = [];
  #last = 0;
  at = 0;

  /** The chunk that holds the byte; undefined if it was never edited. */
  chunkAt(offset: number): EditChunk | undefined {
    const chunk = this.#chunks[this.#chunkFor(offset)];
    return chunk !== undefined && this.#seek(chunk, offset) ? chunk : undefined;
  }

  /** As `chunkAt`; adds the byte if it is not there. */
  ensure(offset: number): EditChunk {
    const index = this.#chunkFor(offset);
    let chunk = this.#chunks[index];
    if (chunk === undefined) {
      chunk = emptyChunk();
      this.#chunks.push(chunk);
    }
    if (this.#seek(chunk, offset)) return chunk;
    if (chunk.count === mostCells) return this.#divide(index, chunk, offset);
    this.#last = index;
    insert(chunk, this.at, offset);
    return chunk;
  }

  /** Adds a byte to a full chunk, or behind it. Two chunks beside each other are always more than one could hold. */
  #divide(index: number, chunk: EditChunk, offset: number): EditChunk {
    const { at } = this;
    let next = this.#chunks[index + 1];
    if (at < mostCells) {
      // Ascending bytes leave full chunks behind.
      const ascends = at > 0 && chunk.offsets[at - 1] === offset - 1;
      next = split(chunk, ascends ? at : mostCells >> 1);
      this.#chunks.splice(index + 1, 0, next);
    } else if (next === undefined || next.count === mostCells) {
      next = emptyChunk();
      this.#chunks.splice(index + 1, 0, next);
    }
    const isBehind = at === mostCells || offset > (next.offsets[0] ?? 0);
    const into = isBehind ? next : chunk;
    this.#seek(into, offset);
    insert(into, this.at, offset);
    this.#join(index + 1);
    this.#join(index - 1);
    return this.chunkAt(offset) ?? into;
  }

  /** Makes one of a chunk and the one behind it, where one can hold both. */
  #join(index: number): void {
    const chunk = this.#chunks[index];
    const next = this.#chunks[index + 1];
    if (chunk === undefined || next === undefined || chunk.count + next.count > mostCells) return;
    for (let at = 0; at < next.count; at++) {
      chunk.offsets[chunk.count] = next.offsets[at] ?? 0;
      copyCell(next, at, chunk, chunk.count);
      chunk.count++;
    }
    this.#chunks.splice(index + 1, 1);
  }

  /** Adds the bytes of a range that are not there: for a long one much faster than one by one. */
  cover(range: ByteRange): void {
    const end = endOf(range);
    const from = this.#chunkFor(range.offset);
    const made: EditChunk[] = [];
    let last = emptyChunk();
    const place = (offset: number): number => {
      if (last.count === 0 || last.count === mostCells) {
        if (last.count > 0) last = emptyChunk();
        made.push(last);
      }
      last.offsets[last.count] = offset;
      return last.count++;
    };
    let next = range.offset;
    const fill = (to: number): void => {
      while (next < to) place(next++);
    };
    let index = from;
    for (let chunk = this.#chunks[index]; chunk !== undefined; chunk = this.#chunks[++index]) {
      if ((chunk.offsets[0] ?? 0) >= end && index > from) break;
      for (let at = 0; at < chunk.count; at++) {
        const offset = chunk.offsets[at] ?? 0;
        if (offset >= next) fill(Math.min(offset, end));
        if (offset === next) next++;
        const to = place(offset);
        copyCell(chunk, at, last, to);
      }
    }
    fill(end);
    this.#chunks = [...this.#chunks.slice(0, from), ...made, ...this.#chunks.slice(index)];
    this.#join(from + made.length - 1);
    this.#join(from - 1);
  }

  /** Calls `visit` for the edited bytes of the range, ascending. It must not add any. */
  each(range: ByteRange, visit: (chunk: EditChunk, at: number, offset: number) => unknown): void {
    const end = endOf(range);
    for (let index = this.#chunkFor(range.offset); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index];
      if (chunk === undefined || (chunk.offsets[0] ?? 0) >= end) return;
      this.#seek(chunk, range.offset);
      for (let at = this.at; at < chunk.count; at++) {
        const offset = chunk.offsets[at] ?? 0;
        if (offset >= end) return;
        visit(chunk, at, offset);
      }
    }
  }

  /** Counts of the range. */
  counts(range: ByteRange): { staged: number; conflicts: number } {
    let staged = 0;
    let conflicts = 0;
    const end = endOf(range);
    for (let index = this.#chunkFor(range.offset); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index];
      if (chunk === undefined || (chunk.offsets[0] ?? 0) >= end) break;
      if ((chunk.offsets[0] ?? 0) >= range.offset && (chunk.offsets[chunk.count - 1] ?? 0) < end) {
        staged += chunk.staged;
        conflicts += chunk.conflicts;
        continue;
      }
      for (let at = 0; at < chunk.count; at++) {
        const offset = chunk.offsets[at] ?? 0;
        if (offset < range.offset || offset >= end) continue;
        staged += has(chunk, at, editMarks.staged);
        conflicts += has(chunk, at, editMarks.conflict);
      }
    }
    return { staged, conflicts };
  }

  /** All chunks, ascending. */
  get chunks(): readonly EditChunk[] {
    return this.#chunks;
  }

  clear(): void {
    this.#chunks = [];
    this.#last = 0;
  }

  /** The index of the last chunk that begins at or before the offset, else 0. */
  #chunkFor(offset: number): number {
    const chunks = this.#chunks;
    if (begins(chunks[this.#last], offset) && !begins(chunks[this.#last + 1], offset)) return this.#last;
    let low = 0;
    let high = chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (begins(chunks[middle], offset)) low = middle;
      else high = middle - 1;
    }
    this.#last = low;
    return low;
  }

  /** Sets `at` to the first byte at or behind the offset. True if it is the byte itself. */
  #seek({ offsets, count }: EditChunk, offset: number): boolean {
    // Bytes beside each other are asked for one after the other.
    const next = this.at + 1;
    if (next < count && offsets[next] === offset) {
      this.at = next;
      return true;
    }
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((offsets[middle] ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    this.at = low;
    return low < count && offsets[low] === offset;
  }
}

/** What is known of written bytes of the chunk; made where it is missing. */
export function writtenOf(chunk: EditChunk): WrittenCells {
  chunk.written ??= {
    settled: new Uint32Array(mostCells),
    ground: new Uint8Array(mostCells),
    groundSeen: new Uint8Array(mostCells),
    tried: new Uint8Array(mostCells),
  };
  return chunk.written;
}

/** 1 if the byte has the mark, else 0. */
function has({ marks }: EditChunk, at: number, mark: number): number {
  return ((marks[at] ?? 0) & mark) === 0 ? 0 : 1;
}

function begins(chunk: EditChunk | undefined, offset: number): boolean {
  return chunk !== undefined && (chunk.offsets[0] ?? 0) <= offset;
}

function emptyChunk(): EditChunk {
  return {
    count: 0,
    offsets: new Uint32Array(mostCells),
    head: new Uint32Array(mostCells),
    top: new Uint32Array(mostCells),
    marks: new Uint8Array(mostCells),
    written: undefined,
    staged: 0,
    conflicts: 0,
  };
}

/** All arrays of a chunk. */
function arraysOf({ offsets, head, top, marks, written }: EditChunk): readonly (Uint8Array | Uint32Array)[] {
  return written === undefined
    ? [offsets, head, top, marks]
    : [offsets, head, top, marks, written.settled, written.ground, written.groundSeen, written.tried];
}

/** Adds a byte at the place; its numbers are 0. */
function insert(chunk: EditChunk, at: number, offset: number): void {
  if (at < chunk.count) {
    for (const array of arraysOf(chunk)) {
      array.copyWithin(at + 1, at, chunk.count);
      array[at] = 0;
    }
  }
  // Behind the last byte all arrays are 0.
  chunk.offsets[at] = offset;
  chunk.count++;
}

function copyCell(from: EditChunk, at: number, into: EditChunk, to: number): void {
  into.head[to] = from.head[at] ?? 0;
  into.top[to] = from.top[at] ?? 0;
  into.marks[to] = from.marks[at] ?? 0;
  into.staged += has(from, at, editMarks.staged);
  into.conflicts += has(from, at, editMarks.conflict);
  if (from.written === undefined) return;
  const written = writtenOf(into);
  written.settled[to] = from.written.settled[at] ?? 0;
  written.ground[to] = from.written.ground[at] ?? 0;
  written.groundSeen[to] = from.written.groundSeen[at] ?? 0;
  written.tried[to] = from.written.tried[at] ?? 0;
}

/** Takes what lies from a place on out of a full chunk. */
function split(chunk: EditChunk, from: number): EditChunk {
  const upper = emptyChunk();
  if (chunk.written !== undefined) writtenOf(upper);
  const lower = arraysOf(chunk);
  for (const [i, array] of arraysOf(upper).entries()) array.set(lower[i]?.subarray(from) ?? []);
  for (const array of lower) array.fill(0, from);
  chunk.count = from;
  upper.count = mostCells - from;
  for (const part of [chunk, upper]) {
    part.staged = 0;
    part.conflicts = 0;
    for (let at = 0; at < part.count; at++) {
      part.staged += has(part, at, editMarks.staged);
      part.conflicts += has(part, at, editMarks.conflict);
    }
  }
  return upper;
}
