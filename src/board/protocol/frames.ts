/**
 * Frames of the wire (docs/wire.md): `length`, `headerLength`, MessagePack header, raw payload; integers little endian.
 * Knows limits and bytes, not operations. All input from the other side is hostile until it passed here.
 */
import { Decoder, Encoder } from '@msgpack/msgpack';
import { BoardError } from '../errors.ts';
import { inflatePayload } from './inflate.ts';

/** Most bytes of a header, and of a payload. */
export const maxPart = 65_536;

/** Bytes before the header. */
const prefix = 8;

/** Most bytes of a whole frame. */
const maxFrame = prefix + 2 * maxPart;

/** The first bytes of an agent's output. */
export const startMarker = new TextEncoder().encode('TILESCP1');

/** Most bytes of other text before the marker. */
export const maxBanner = 65_536;

/** A header: a map with text keys. Values are unchecked. */
export type Header = Readonly<Record<string, unknown>>;

export interface Frame {
  readonly header: Header;
  /** A copy, inflated: the receiver may keep it. */
  readonly payload: Uint8Array;
  /** Bytes of all of it on the wire. */
  readonly size: number;
}

const noBytes = new Uint8Array(0);

/** Bytes of one frame. Keys of the header are written in their order of insertion. Throws `internal` over a limit. */
export function encodeFrame(header: Header, payload: Uint8Array = noBytes): Uint8Array {
  const head = new Encoder({ sortKeys: false, ignoreUndefined: true }).encodeSharedRef(header);
  if (head.length > maxPart || payload.length > maxPart) {
    throw new BoardError('internal', `a frame of ${head.length} + ${payload.length} bytes is over the limit`);
  }
  const frame = new Uint8Array(prefix + head.length + payload.length);
  const view = new DataView(frame.buffer);
  view.setUint32(0, 4 + head.length + payload.length, true);
  view.setUint32(4, head.length, true);
  frame.set(head, prefix);
  frame.set(payload, prefix + head.length);
  return frame;
}

/**
 * Cuts a stream of bytes into frames, however it is chunked. Holds at most one frame. After the first violation every
 * call throws the same `protocol` error.
 */
export class FrameDecoder {
  readonly #buffer = new Uint8Array(maxFrame);
  readonly #view = new DataView(this.#buffer.buffer);
  #have = 0;
  #need = prefix;
  #failed: BoardError | undefined;

  /** Whether the stream may end here: between two frames. */
  get idle(): boolean {
    return this.#have === 0;
  }

  /** Takes a chunk and hands each frame that it completes to `take`, in order. Throws `protocol`. */
  push(chunk: Uint8Array, take: (frame: Frame) => void): void {
    if (this.#failed !== undefined) throw this.#failed;
    let at = 0;
    while (at < chunk.length) {
      const count = Math.min(this.#need - this.#have, chunk.length - at);
      this.#buffer.set(chunk.subarray(at, at + count), this.#have);
      this.#have += count;
      at += count;
      if (this.#have < this.#need) return;
      if (this.#need === prefix) {
        this.#need = this.#frameSize();
        if (this.#have < this.#need) continue;
      }
      take(this.#frame());
      this.#have = 0;
      this.#need = prefix;
    }
  }

  #frameSize(): number {
    const length = this.#view.getUint32(0, true);
    const headerLength = this.#view.getUint32(4, true);
    if (headerLength < 1 || headerLength > maxPart) this.#fail(`header length ${headerLength}`);
    const payload = length - 4 - headerLength;
    if (payload < 0 || payload > maxPart)
      this.#fail(`frame length ${length} with header length ${headerLength}`);
    return 4 + length;
  }

  #frame(): Frame {
    const end = prefix + this.#view.getUint32(4, true);
    const header = this.#header(this.#buffer.subarray(prefix, end));
    return { header, payload: this.#payload(header, end), size: this.#need };
  }

  #payload({ inflated }: Header, begin: number): Uint8Array {
    if (inflated === undefined) return this.#buffer.slice(begin, this.#need);
    const isLength = typeof inflated === 'number' && Number.isInteger(inflated);
    if (!isLength || inflated < 1 || inflated > maxPart) return this.#fail('length of an inflated payload');
    try {
      return inflatePayload(this.#buffer.subarray(begin, this.#need), inflated);
    } catch (error) {
      return this.#fail(`deflated payload: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  #header(bytes: Uint8Array): Header {
    let value: unknown;
    try {
      // A fresh decoder: one that threw in the middle of a header is not fit for the next.
      value = new Decoder({
        maxStrLength: maxPart,
        maxBinLength: maxPart,
        maxExtLength: 0,
        maxArrayLength: maxPart,
        maxMapLength: 1024,
        mapKeyConverter: textKey,
      }).decode(bytes);
    } catch (error) {
      return this.#fail(
        `header is not MessagePack: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    if (!isMap(value)) return this.#fail('header is not a map');
    return value;
  }

  #fail(what: string): never {
    this.#failed = new BoardError('protocol', `bad frame: ${what}`);
    throw this.#failed;
  }
}

/** Whether a decoded value is a map with text keys (and no list, date or bytes). */
export function isMap(value: unknown): value is Header {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function textKey(key: unknown): string {
  if (typeof key !== 'string') throw new TypeError('a map key is not text');
  return key;
}

/** Finds the start marker in a stream and keeps what a login shell printed before it. */
export class MarkerScanner {
  readonly #buffer = new Uint8Array(maxBanner + startMarker.length);
  #have = 0;
  #skipped = 0;

  /** What came before the marker so far, as text of at most 2,000 characters. */
  get banner(): string {
    return new TextDecoder().decode(this.#buffer.subarray(0, Math.min(this.#skipped, 2000)));
  }

  /** How many bytes came and were not the marker. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Takes a chunk; returns what follows the marker once it came. Throws `shell-banner` after 64 KiB without it. */
  push(chunk: Uint8Array): Uint8Array | undefined {
    const before = this.#have;
    const taken = Math.min(chunk.length, this.#buffer.length - before);
    this.#buffer.set(chunk.subarray(0, taken), before);
    this.#have += taken;
    const from = Math.max(0, before - startMarker.length + 1);
    const at = indexOfMarker(this.#buffer.subarray(0, this.#have), from);
    if (at >= 0) {
      this.#skipped = at;
      return chunk.subarray(at + startMarker.length - before);
    }
    this.#skipped = this.#have;
    if (this.#have < this.#buffer.length) return undefined;
    throw new BoardError('shell-banner', `no start marker in ${this.#have} bytes`, { text: this.banner });
  }
}

function indexOfMarker(bytes: Uint8Array, from: number): number {
  for (let at = from; at + startMarker.length <= bytes.length; at++) {
    if (startMarker.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}
