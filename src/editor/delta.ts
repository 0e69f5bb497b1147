/**
 * A delta: what became different of the bytes that a page keeps, packed into one array of bytes. 24 bytes, then 12 for each
 * span and what the span carries. Numbers are little-endian.
 *
 * When a byte changed is told by the tick of the update that found it so (`UpdateLog`). Mostly it costs nothing: a byte that
 * was known, and differs from what the base of a delta says, changed at the delta's own tick. Both sides go by that rule, in
 * the order of the spans; only where it is wrong ticks travel.
 */
import { pageBytes } from '../model/byte-state.ts';
import type { ByteRange } from '../model/geometry.ts';

/** Pages that are kept at most, here and there. */
export const keptPages = 512;

/** A run of bytes of a delta. */
export type DeltaSpan =
  /** The base: what the device held when it was last read. Bytes in it may be as they were. */
  | { readonly kind: 'base' | 'states' | 'staged'; readonly offset: number; readonly bytes: Uint8Array }
  /** All bytes of the run have this state (`stateBits`, without `changed`). */
  | { readonly kind: 'state'; readonly offset: number; readonly length: number; readonly state: number }
  /** All bytes of the run changed at this tick; 0 is never. At most a page. */
  | { readonly kind: 'tick'; readonly offset: number; readonly length: number; readonly tick: number }
  /** As `tick`, one for each byte. */
  | { readonly kind: 'ticks'; readonly offset: number; readonly ticks: Uint32Array }
  /** What changed after this tick in the page of the offset is marked as changed. */
  | { readonly kind: 'since'; readonly offset: number; readonly tick: number };

/** What one delta says. */
export interface Delta {
  /** Counted from 1 since the page began anew; none is left out. */
  readonly number: number;
  /** Number of the last `window` that the host had heard. */
  readonly window: number;
  /** Id of the last `edit` request that the host had taken or refused; 0 before the first. */
  readonly edit: number;
  /** Tick of the last update of the bytes. */
  readonly tick: number;
  /** In the order in which they are applied. */
  readonly spans: readonly DeltaSpan[];
}

const headBytes = 24;
/** Offset (4), then length or tick (4), kind (1), state (1), and the length where a tick stands in its place (2). */
const spanBytes = 12;
const tickBytes = 4;
const kinds = ['base', 'states', 'staged', 'state', 'tick', 'ticks', 'since'] as const;

/** Bytes that a span says something of. */
export function lengthOf(span: DeltaSpan): number {
  if (span.kind === 'since') return 1;
  if (span.kind === 'ticks') return span.ticks.length;
  return 'bytes' in span ? span.bytes.length : span.length;
}

/** Bytes that follow the head of a span. */
function carriedBytes(span: DeltaSpan): number {
  if (span.kind === 'ticks') return span.ticks.length * tickBytes;
  return 'bytes' in span ? span.bytes.length : 0;
}

/** The delta as bytes, in a buffer of their own. */
export function packDelta({ number, window, edit, tick, spans }: Delta): Uint8Array {
  const carried = spans.reduce((sum, span) => sum + carriedBytes(span), 0);
  const packed = new Uint8Array(headBytes + spans.length * spanBytes + carried);
  const view = new DataView(packed.buffer);
  view.setUint32(0, number, true);
  view.setUint32(4, window, true);
  view.setFloat64(8, edit, true);
  view.setUint32(16, spans.length, true);
  view.setUint32(20, tick, true);
  let at = headBytes;
  for (const span of spans) {
    view.setUint32(at, span.offset, true);
    view.setUint32(at + 4, 'tick' in span ? span.tick : lengthOf(span), true);
    view.setUint8(at + 8, kinds.indexOf(span.kind));
    if (span.kind === 'state') view.setUint8(at + 9, span.state);
    if (span.kind === 'tick') view.setUint16(at + 10, span.length, true);
    at += spanBytes;
    if (span.kind === 'ticks')
      span.ticks.forEach((one, i) => {
        view.setUint32(at + i * tickBytes, one, true);
      });
    else if ('bytes' in span) packed.set(span.bytes, at);
    at += carriedBytes(span);
  }
  return packed;
}

/** The delta, its bytes as views into `packed`; `undefined` if it is not one. */
export function unpackDelta(packed: Uint8Array): Delta | undefined {
  if (packed.length < headBytes) return undefined;
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const count = view.getUint32(16, true);
  const spans: DeltaSpan[] = [];
  let at = headBytes;
  for (let i = 0; i < count; i++) {
    if (at + spanBytes > packed.length) return undefined;
    const span = unpackSpan(view, at, packed);
    if (span === undefined) return undefined;
    spans.push(span);
    at += spanBytes + carriedBytes(span);
  }
  if (at !== packed.length) return undefined;
  return {
    number: view.getUint32(0, true),
    window: view.getUint32(4, true),
    edit: view.getFloat64(8, true),
    tick: view.getUint32(20, true),
    spans,
  };
}

/** The span whose head is at `at`; `undefined` if it is none, or carries more than there is. */
function unpackSpan(view: DataView, at: number, packed: Uint8Array): DeltaSpan | undefined {
  const offset = view.getUint32(at, true);
  const second = view.getUint32(at + 4, true);
  const kind = kinds[view.getUint8(at + 8)];
  const carried = at + spanBytes;
  switch (kind) {
    case undefined:
      return undefined;
    case 'state':
      return { kind, offset, length: second, state: view.getUint8(at + 9) };
    case 'tick':
      return { kind, offset, length: view.getUint16(at + 10, true), tick: second };
    case 'since':
      return { kind, offset, tick: second };
    case 'ticks': {
      if (carried + second * tickBytes > packed.length) return undefined;
      const ticks = new Uint32Array(second);
      for (let i = 0; i < second; i++) ticks[i] = view.getUint32(carried + i * tickBytes, true);
      return { kind, offset, ticks };
    }
    default:
      if (carried + second > packed.length) return undefined;
      return { kind, offset, bytes: packed.subarray(carried, carried + second) };
  }
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
