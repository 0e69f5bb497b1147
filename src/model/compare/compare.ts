/**
 * Compares bytes with what they are expected to be, value by value. Knows two runs of bytes of the same length; not where
 * they are from, nor how a mismatch is shown.
 */
import { isUnreadable, stateBits } from '../byte-state.ts';
import { type ElementType, isApart, type NumberBytes, numberBytes, type Tolerance } from './element.ts';
import type { MismatchSet } from './mismatch-set.ts';

/** Bytes of one side. Without states all of them are known. */
export interface SideBytes {
  readonly bytes: Uint8Array;
  /** `stateBits` of each byte: an element with a byte that is not known, or cannot be read, is not compared. */
  readonly states?: Uint8Array;
}

/** What came of a comparison: each element is a mismatch, not compared, or neither. */
export interface Outcome {
  readonly mismatches: MismatchSet;
  /** Elements of which a byte is not known on one of the sides. */
  readonly uncompared: MismatchSet;
}

/** How the elements of both sides are compared. */
export interface Measure {
  readonly type: ElementType;
  readonly tolerance: Tolerance;
}

/** The bytes as 32-bit numbers, as many as fit; copied if they do not begin at a multiple of 4. */
function asQuads(bytes: Uint8Array): Int32Array {
  const size = bytes.length & ~3;
  return (bytes.byteOffset & 3) === 0
    ? new Int32Array(bytes.buffer, bytes.byteOffset, size / 4)
    : new Int32Array(bytes.slice(0, size).buffer);
}

/** Whether the element at byte `at` is a mismatch; its bytes differ. */
function isMismatch(actual: NumberBytes, expected: NumberBytes, at: number, measure: Measure): boolean {
  const { type, tolerance } = measure;
  if (type.isBits && tolerance.absolute === 0 && tolerance.relative === 0) return true;
  const numbers = type.numbers(expected, at);
  return type.numbers(actual, at).some((number, part) => isApart(number, numbers[part] ?? 0, tolerance));
}

/** Whether both sides have the same bytes there. */
function areSame({ bytes: a }: NumberBytes, { bytes: b }: NumberBytes, at: number, length: number): boolean {
  for (let i = at; i < at + length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * Compares the elements of two sides into `outcome`. Both sides begin at the element `first` and have the same length, a
 * multiple of the element's size. What `outcome` said of these elements before is replaced.
 */
export function compareInto(
  outcome: Outcome,
  actual: SideBytes,
  expected: SideBytes,
  measure: Measure,
  first = 0,
): void {
  const { mismatches, uncompared } = outcome;
  const size = measure.type.bytes;
  const length = Math.min(actual.bytes.length, expected.bytes.length);
  const end = first + Math.floor(length / size);
  for (const set of [mismatches, uncompared]) {
    for (let at = set.next(first); at !== undefined && at < end; at = set.next(at + 1)) set.remove(at);
  }
  for (const { states } of [actual, expected]) {
    if (states !== undefined) markUncompared(uncompared, states.subarray(0, length), size, first);
  }
  const sides = [numberBytes(actual.bytes), numberBytes(expected.bytes)] as const;
  const judge = (element: number): void => {
    const index = first + element;
    if (areSame(...sides, element * size, size) || uncompared.has(index)) return;
    if (isMismatch(...sides, element * size, measure)) mismatches.add(index);
  };
  const [a, e] = [asQuads(actual.bytes.subarray(0, length)), asQuads(expected.bytes.subarray(0, length))];
  let judged = 0;
  for (let quad = nextDifference(a, e, 0); quad < a.length; quad = nextDifference(a, e, quad + 1)) {
    const last = Math.min(Math.floor((4 * quad + 3) / size), end - first - 1);
    for (let at = Math.max(judged, Math.floor((4 * quad) / size)); at <= last; at++) judge(at);
    judged = last + 1;
    // The bytes of the last element are judged with it.
    quad = Math.max(quad, Math.floor((judged * size) / 4) - 1);
  }
  for (let at = Math.max(judged, Math.floor((4 * a.length) / size)); at < end - first; at++) judge(at);
}

/** The first place at or above `from` where two arrays of one length differ; their length for none. */
function nextDifference(a: Int32Array, b: Int32Array, from: number): number {
  let at = from;
  // Eight at a time: nearly all are equal.
  for (; at + 8 <= a.length; at += 8) {
    let differ = 0;
    for (let i = at; i < at + 8; i++) differ |= (a[i] ?? 0) ^ (b[i] ?? 0);
    if (differ !== 0) break;
  }
  while (at < a.length && a[at] === b[at]) at++;
  return at;
}

function markUncompared(uncompared: MismatchSet, states: Uint8Array, size: number, first: number): void {
  for (let at = 0; at < states.length; at++) {
    const state = states[at] ?? 0;
    if ((state & stateBits.known) !== 0 && !isUnreadable(state)) continue;
    const element = Math.floor(at / size);
    uncompared.add(first + element);
    at = (element + 1) * size - 1;
  }
}
