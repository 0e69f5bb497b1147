/**
 * Single files of a zip, as its directory tells them. Sizes are hostile: nothing is inflated beyond the size that was asked
 * for, and each name is taken once, however many entries have it. Knows the container; not what is in it.
 */
import { inflateRawSync } from 'node:zlib';

const endSignature = 0x0605_4b50;
const endBytes = 22;
/** A comment may follow the end. */
const mostComment = 0xffff;
const entrySignature = 0x0201_4b50;
const entryBytes = 46;
const localSignature = 0x0403_4b50;
const localBytes = 30;
const stored = 0;
const deflated = 8;

/** What the directory says of a file. */
interface ZipEntry {
  readonly method: number;
  /** Bytes in the zip. */
  readonly packed: number;
  /** Bytes of the file. */
  readonly size: number;
  /** Where its local header begins. */
  readonly at: number;
}

/** A zip without extensions for more than 4 GiB. */
export class ZipFiles {
  readonly #bytes: Buffer;
  readonly #entries = new Map<string, ZipEntry>();

  /** Reads the directory. Throws RangeError where it is not that of a zip. */
  constructor(bytes: Uint8Array) {
    const zip = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#bytes = zip;
    const end = endOf(zip);
    const count = zip.readUInt16LE(end + 10);
    let at = zip.readUInt32LE(end + 16);
    for (let i = 0; i < count; i++) {
      if (zip.readUInt32LE(at) !== entrySignature) throw new RangeError('no entry');
      const nameLength = zip.readUInt16LE(at + 28);
      const name = zip.toString('utf8', at + entryBytes, at + entryBytes + nameLength);
      const entry = {
        method: zip.readUInt16LE(at + 10),
        packed: zip.readUInt32LE(at + 20),
        size: zip.readUInt32LE(at + 24),
        at: zip.readUInt32LE(at + 42),
      };
      if (!this.#entries.has(name)) this.#entries.set(name, entry);
      at += entryBytes + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
    }
  }

  /** The size of a file as the directory tells it; undefined if there is none of the name. */
  size(name: string): number | undefined {
    return this.#entries.get(name)?.size;
  }

  /** The bytes of a file, which are as many as its size. Throws an Error where they are not, or cannot be inflated. */
  read(name: string): Uint8Array {
    const entry = this.#entries.get(name);
    const zip = this.#bytes;
    if (entry === undefined || zip.readUInt32LE(entry.at) !== localSignature) throw new RangeError('no file');
    const from = entry.at + localBytes + zip.readUInt16LE(entry.at + 26) + zip.readUInt16LE(entry.at + 28);
    const packed = zip.subarray(from, from + entry.packed);
    const isKnown = entry.method === stored || entry.method === deflated;
    if (!isKnown || packed.length !== entry.packed) throw new RangeError('no bytes');
    const bytes =
      entry.method === stored ? packed : inflateRawSync(packed, { maxOutputLength: Math.max(1, entry.size) });
    if (bytes.length !== entry.size) throw new RangeError('another size');
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }
}

/** Where the last record begins. */
function endOf(zip: Buffer): number {
  const least = Math.max(0, zip.length - endBytes - mostComment);
  for (let at = zip.length - endBytes; at >= least; at--)
    if (zip.readUInt32LE(at) === endSignature) return at;
  throw new RangeError('no end');
}
