/**
 * A delta: what became different of the bytes that a page keeps, packed into one array of bytes. 24 bytes, then 12 for each
 * span and what the span carries. Numbers are little-endian.
 */
import { pageBytes } from '../model/byte-state.ts';
import type { ByteRange } from '../model/geometry.ts';

/** Pages that are kept at most, here and there. */
export const keptPages = 512;

/** A run of bytes of a delta. */
export type DeltaSpan =
  /** The base: what the device held when it was last read. Bytes in it may be as they were. */
  | { readonly kind: 'base' | 'states' | 'staged'; readonly offset: number; readonly bytes: Uint8Array }
  /** All bytes of the run have this state (`stateBits`). */
  | { readonly kind: 'state'; readonly offset: number; readonly length: number; readonly state: number };

/** What one delta says. */
export interface Delta {
  /** Counted from 1 since the page began anew; none is left out. */
  readonly number: number;
  /** Number of the last `window` that the host had heard. */
  readonly window: number;
  /** Id of the last `edit` request that the host had taken or refused; 0 before the first. */
  readonly edit: number;
  /** In the order in which they are applied. */
  readonly spans: readonly DeltaSpan[];
}

const headBytes = 24;
const spanBytes = 12;
const kinds = ['base', 'states', 'staged', 'state'] as const;

/** The delta as bytes, in a buffer of their own. */
export function packDelta({ number, window, edit, spans }: Delta): Uint8Array {
  const carried = spans.reduce((sum, span) => sum + (span.kind === 'state' ? 0 : span.bytes.length), 0);
  const packed = new Uint8Array(headBytes + spans.length * spanBytes + carried);
  const view = new DataView(packed.buffer);
  view.setUint32(0, number, true);
  view.setUint32(4, window, true);
  view.setFloat64(8, edit, true);
  view.setUint32(16, spans.length, true);
  let at = headBytes;
  for (const span of spans) {
    view.setUint32(at, span.offset, true);
    view.setUint32(at + 4, span.kind === 'state' ? span.length : span.bytes.length, true);
    view.setUint8(at + 8, kinds.indexOf(span.kind));
    if (span.kind === 'state') view.setUint8(at + 9, span.state);
    at += spanBytes;
    if (span.kind === 'state') continue;
    packed.set(span.bytes, at);
    at += span.bytes.length;
  }
  return packed;
}

/** The delta, its spans as views into `packed`; `undefined` if it is not one. */
export function unpackDelta(packed: Uint8Array): Delta | undefined {
  if (packed.length < headBytes) return undefined;
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const count = view.getUint32(16, true);
  const spans: DeltaSpan[] = [];
  let at = headBytes;
  for (let i = 0; i < count; i++) {
    if (at + spanBytes > packed.length) return undefined;
    const offset = view.getUint32(at, true);
    const length = view.getUint32(at + 4, true);
    const kind = kinds[view.getUint8(at + 8)];
    const state = view.getUint8(at + 9);
    at += spanBytes;
    if (kind === undefined) return undefined;
    if (kind === 'state') {
      spans.push({ kind, offset, length, state });
      continue;
    }
    if (at + length > packed.length) return undefined;
    spans.push({ kind, offset, bytes: packed.subarray(at, at + length) });
    at += length;
  }
  if (at !== packed.length) return undefined;
  return {
    number: view.getUint32(0, true),
    window: view.getUint32(4, true),
    edit: view.getFloat64(8, true),
    spans,
  };
}

/** Numbers of the pages that a range touches, cut to `bounds`; ascending. */
export function pagesIn(range: ByteRange, bounds: ByteRange): number[] {
  const from = Math.max(range.offset, bounds.offset);
  const to = Math.min(range.offset + range.length, bounds.offset + bounds.length);
  const pages: number[] = [];
  for (let page = Math.floor(from / pageBytes); page * pageBytes < to; page++) pages.push(page);
  return pages;
}

/** The bytes of a page, cut to `bounds`. */
export function pageRange(page: number, bounds: ByteRange): ByteRange {
  const offset = Math.max(page * pageBytes, bounds.offset);
  const end = Math.min((page + 1) * pageBytes, bounds.offset + bounds.length);
  return { offset, length: end - offset };
}
