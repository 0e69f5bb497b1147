/** Bytes with masks, and where they stand among others. Knows no texts, and not which bytes were read. */

/** Bytes to be found: byte `i` fits where `byte & masks[i]` is `values[i]`. Both arrays have the same length, at least 1. */
export interface MaskedBytes {
  readonly values: Uint8Array;
  readonly masks: Uint8Array;
}

/** Work that may be done before others have a turn, in units of a nanosecond or two: a byte that is compared is one. */
export interface Budget {
  /** Who works takes from it, and stops where nothing is left. */
  left: number;
}

/** What it takes to call `indexOf`. */
const callWork = 64;

/** Finds runs of one length. */
export interface Matcher {
  /** Bytes of a hit. */
  readonly length: number;
  /**
   * Searches for the first hit that begins at `from` or behind it, where it may, and ends at `to` or before. Without a hit, `at` is
   * the first place that was not tried: past the last one, or where the budget was spent.
   */
  find(
    bytes: Uint8Array,
    from: number,
    to: number,
    budget: Budget,
  ): { readonly at: number; readonly isHit: boolean };
}

/** Finds bytes with masks. */
export interface ByteMatcher extends Matcher {
  /** Whether the bytes from `at` on fit, or as many of them as there are before `to`. */
  fits(bytes: Uint8Array, at: number, to: number, budget: Budget): boolean;
}

/** Index of the first of `wanted` in `bytes` from `from` on; -1 for none. */
export type IndexOf = (bytes: Uint8Array, wanted: Uint8Array, from: number) => number;

/** Searches for bytes with masks; for those that have to be exactly so with `indexOf`. */
export function byteMatcher({ values, masks }: MaskedBytes, indexOf: IndexOf): ByteMatcher {
  const { length } = values;
  const exact = longestExact(masks);
  const wanted = values.subarray(exact.offset, exact.offset + exact.length);
  const fits = (bytes: Uint8Array, at: number, to: number, budget: Budget): boolean => {
    const count = Math.min(length, to - at);
    let i = 0;
    while (i < count && ((bytes[at + i] ?? 0) & (masks[i] ?? 0)) === values[i]) i++;
    budget.left -= i + 1;
    return i === count;
  };
  return {
    length,
    fits,
    find(bytes, from, to, budget) {
      const last = to - length;
      let at = from;
      for (; at <= last && budget.left > 0; at++) {
        if (wanted.length > 0) {
          const found = indexOf(bytes, wanted, at + exact.offset);
          const next = found < 0 ? last + 1 : Math.min(found - exact.offset, last + 1);
          // It takes many bytes at once, and a while to begin.
          budget.left -= callWork + ((next - at) >> 3);
          at = next;
          if (at > last) break;
        }
        if (wanted.length === length || fits(bytes, at, to, budget)) return { at, isHit: true };
      }
      return { at, isHit: false };
    },
  };
}

/** The longest run of bytes that have to be exactly so. */
function longestExact(masks: Uint8Array): { readonly offset: number; readonly length: number } {
  let best = { offset: 0, length: 0 };
  for (let from = 0; from < masks.length; from++) {
    let to = from;
    while (masks[to] === 0xff) to++;
    if (to - from > best.length) best = { offset: from, length: to - from };
    from = to;
  }
  return best;
}
