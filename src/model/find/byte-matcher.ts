/** Bytes with masks, and where they stand among others. Knows no texts, and not which bytes were read. */

/** Bytes to be found: byte `i` fits where `byte & masks[i]` is `values[i]`. Both arrays have the same length, at least 1. */
export interface MaskedBytes {
  readonly values: Uint8Array;
  readonly masks: Uint8Array;
}

/** Finds runs of one length. */
export interface Matcher {
  /** Bytes of a hit. */
  readonly length: number;
  /** The first hit that begins at `from` or behind it, where it may, and ends at `to` or before; -1 for none. */
  find(bytes: Uint8Array, from: number, to: number): number;
}

/** Finds bytes with masks. */
export interface ByteMatcher extends Matcher {
  /** Whether the bytes from `at` on fit, or as many of them as there are before `to`. */
  fits(bytes: Uint8Array, at: number, to: number): boolean;
}

/** Index of the first of `wanted` in `bytes` from `from` on; -1 for none. */
export type IndexOf = (bytes: Uint8Array, wanted: Uint8Array, from: number) => number;

/** Looks for bytes with masks; for those that have to be exactly so with `indexOf`. */
export function byteMatcher({ values, masks }: MaskedBytes, indexOf: IndexOf): ByteMatcher {
  const { length } = values;
  const exact = longestExact(masks);
  const wanted = values.subarray(exact.offset, exact.offset + exact.length);
  const fits = (bytes: Uint8Array, at: number, to: number): boolean => {
    const count = Math.min(length, to - at);
    for (let i = 0; i < count; i++) {
      if (((bytes[at + i] ?? 0) & (masks[i] ?? 0)) !== values[i]) return false;
    }
    return true;
  };
  return {
    length,
    fits,
    find(bytes, from, to) {
      for (let at = from; at <= to - length; at++) {
        if (wanted.length > 0) {
          const found = indexOf(bytes, wanted, at + exact.offset);
          if (found < 0 || found - exact.offset > to - length) return -1;
          at = found - exact.offset;
        }
        if (wanted.length === length || fits(bytes, at, to)) return at;
      }
      return -1;
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
