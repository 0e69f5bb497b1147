import { compareInto, type Measure, type Outcome, type SideBytes } from '../model/compare/compare.ts';
import { type Likeliest, likeliest } from '../model/compare/likeliest.ts';
import { MismatchSet } from '../model/compare/mismatch-set.ts';
import type { Disposable, Event } from '../model/event.ts';
import { Emitter } from '../model/event.ts';
import type { ByteRange } from '../model/geometry.ts';
import { cutRanges, endOf, intersectRanges, mergeRanges } from '../model/ranges.ts';
import type { MemorySession } from './memory-session.ts';

/** Bytes compared at a time, about. */
const pieceBytes = 1 << 20;

/** One side of a comparison. Offsets count from its first byte. */
export interface ComparedSide {
  /** A part of it. The arrays are not kept. */
  bytes(range: ByteRange): SideBytes;
  /** Fires with what became different; a file's side never does. */
  readonly onDidChange?: Event<readonly ByteRange[]>;
}

/** A range of a memory as it was last read; staged edits do not count. */
export function sideOf(session: MemorySession, range: ByteRange): ComparedSide {
  return {
    ...sideOfShown(session, range.offset),
    onDidChange: (listener) =>
      session.onBytes(({ ranges }) => {
        const inside = ranges.flatMap((one) => intersectRanges(one, range) ?? []);
        const moved = inside.map(({ offset, length }) => ({ offset: offset - range.offset, length }));
        if (moved.length > 0) listener(moved);
      }),
  };
}

/** A range of what a tab shows that stands at one moment; staged edits do not count. */
export function sideOfShown(source: Pick<MemorySession, 'bytes'>, start: number): ComparedSide {
  return {
    bytes: ({ offset, length }) => {
      const { base, flags } = source.bytes({ offset: start + offset, length });
      return { bytes: base, states: flags };
    },
  };
}

/** Bytes that never change; without states all of them are known. */
export function sideOfBytes({ bytes, states }: SideBytes): ComparedSide {
  return {
    bytes: ({ offset, length }) => ({
      bytes: bytes.subarray(offset, offset + length),
      ...(states === undefined ? {} : { states: states.subarray(offset, offset + length) }),
    }),
  };
}

/**
 * Two sides of the same length, and where they differ: kept up to date while either of them changes. Elements count from the
 * first byte. Knows no files and no board.
 */
export class Comparison implements Disposable {
  readonly actual: ComparedSide;
  readonly expected: ComparedSide;
  /** Elements compared; bytes after the last whole one are not. */
  readonly size: number;
  #measure: Measure;
  #outcome: Outcome;
  readonly #changed = new Emitter<readonly ByteRange[]>();
  readonly #subscriptions: readonly Disposable[];

  /** Fires with the bytes whose outcome may have become another. */
  readonly onDidChange: Event<readonly ByteRange[]> = this.#changed.event;

  /** @param length bytes of both sides */
  constructor(actual: ComparedSide, expected: ComparedSide, length: number, measure: Measure) {
    this.actual = actual;
    this.expected = expected;
    this.size = Math.floor(length / measure.type.bytes);
    this.#measure = measure;
    this.#outcome = this.#compareAll();
    this.#subscriptions = [actual, expected].flatMap(
      (side) => side.onDidChange?.((ranges) => this.#follow(ranges)) ?? [],
    );
  }

  get measure(): Measure {
    return this.#measure;
  }

  /** Mismatches, and what could not be compared. */
  get outcome(): Outcome {
    return this.#outcome;
  }

  /** Bytes of all elements. */
  get length(): number {
    return this.size * this.#measure.type.bytes;
  }

  /** Compares anew with another tolerance. */
  tolerate(tolerance: Measure['tolerance']): void {
    this.#measure = { ...this.#measure, tolerance };
    this.#outcome = this.#compareAll();
    this.#changed.fire([{ offset: 0, length: this.length }]);
  }

  /** What the mismatches have in common. Reads all of both sides. */
  explain(): Likeliest {
    const whole = { offset: 0, length: this.length };
    return likeliest({
      actual: this.actual.bytes(whole).bytes,
      expected: this.expected.bytes(whole).bytes,
      type: this.#measure.type,
      mismatches: this.#outcome.mismatches,
    });
  }

  /** 1 for each byte of a part that belongs to an element which differs; with other sides, of what differs between those. */
  wrongIn(
    { offset, length }: ByteRange,
    sides: Partial<Record<'actual' | 'expected', ComparedSide>> = {},
  ): Uint8Array {
    const size = this.#measure.type.bytes;
    const first = Math.floor(offset / size);
    const end = Math.min(this.size, Math.ceil((offset + length) / size));
    const wrong = new Uint8Array(length);
    const { actual = this.actual, expected = this.expected } = sides;
    const isOther = actual !== this.actual || expected !== this.expected;
    const from = isOther ? first : 0;
    let { mismatches } = this.#outcome;
    if (isOther) {
      const part = { offset: first * size, length: (end - first) * size };
      const outcome = { mismatches: new MismatchSet(end - first), uncompared: new MismatchSet(end - first) };
      compareInto(outcome, actual.bytes(part), expected.bytes(part), this.#measure);
      mismatches = outcome.mismatches;
    }
    for (
      let at = mismatches.next(first - from);
      at !== undefined && at + from < end;
      at = mismatches.next(at + 1)
    ) {
      const begin = (at + from) * size - offset;
      wrong.fill(1, Math.max(0, begin), begin + size);
    }
    return wrong;
  }

  /** The bytes of one element. */
  rangeOf(element: number): ByteRange {
    const { bytes } = this.#measure.type;
    return { offset: element * bytes, length: bytes };
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }

  #compareAll(): Outcome {
    const outcome = { mismatches: new MismatchSet(this.size), uncompared: new MismatchSet(this.size) };
    this.#compare(outcome, [{ offset: 0, length: this.length }]);
    return outcome;
  }

  #follow(ranges: readonly ByteRange[]): void {
    const { bytes } = this.#measure.type;
    const elements = mergeRanges(
      ranges.map((range) => {
        const first = Math.floor(range.offset / bytes);
        const end = Math.min(this.size, Math.ceil(endOf(range) / bytes));
        return { offset: first * bytes, length: Math.max(0, end - first) * bytes };
      }),
    );
    if (elements.length === 0) return;
    this.#compare(this.#outcome, elements);
    this.#changed.fire(elements);
  }

  #compare(outcome: Outcome, ranges: readonly ByteRange[]): void {
    const { bytes } = this.#measure.type;
    // Cut between elements.
    for (const piece of cutRanges(ranges, pieceBytes - (pieceBytes % bytes))) {
      const first = piece.offset / bytes;
      compareInto(outcome, this.actual.bytes(piece), this.expected.bytes(piece), this.#measure, first);
    }
  }
}
