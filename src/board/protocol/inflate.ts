/**
 * A deflated payload of a frame, inflated by Node's zlib (docs/wire.md, Deflated payloads). Hostile until it passed here:
 * no more memory is taken than the frame says, and a frame says no more than any payload may have.
 */
import { type InflateRaw, inflateRawSync } from 'node:zlib';

/**
 * The payload inflated, a copy.
 * @param length bytes that it must have, 1 or more
 * @throws an error of Node, or one of ours, where the bytes are anything but one run of so many
 */
export function inflatePayload(bytes: Uint8Array, length: number): Uint8Array {
  const options = { info: true, maxOutputLength: length, chunkSize: Math.max(length + 1, smallestChunk) };
  const { buffer, engine } = inflateRawSync(bytes, options) as unknown as Inflated;
  if (buffer.length !== length) throw new RangeError(`${buffer.length} bytes in place of ${length}`);
  const behind = bytes.length - engine.bytesWritten;
  if (behind !== 0) throw new RangeError(`${behind} bytes behind the end`);
  return new Uint8Array(buffer);
}

/** What `info` makes of the result. */
interface Inflated {
  readonly buffer: Buffer;
  readonly engine: InflateRaw;
}

/** Node takes no smaller chunks, bytes. */
const smallestChunk = 64;
