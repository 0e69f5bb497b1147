/** What tile memories hold while a graph runs, made up: for measures of what it costs to bring it over a link. */
import type { PartitionMemory } from '../../src/board/board.ts';
import type { Random } from '../conformance/random.ts';

/** Bytes of data memory of a tile. */
export const tileBytes = 0x8000;

/**
 * Contents of so many tiles. Every other tile is in use, and of these every eighth is full of noise (weights). The others
 * have a stack of 1 KiB, written a quarter; two buffers of 4 KiB of 16-bit samples, a tone with three bits of noise; 4 KiB
 * of coefficients in float32; 4 KiB of results in bfloat16, of which nothing repeats; the rest is zeros.
 */
export function typicalContents(tiles: number, random: Random): Uint8Array<ArrayBuffer> {
  const contents = new Uint8Array(tiles * tileBytes);
  for (let tile = 0; tile < tiles; tile += 2) {
    const bytes = contents.subarray(tile * tileBytes, (tile + 1) * tileBytes);
    if (tile % 16 === 0) bytes.set(random.bytes(tileBytes));
    else fillUsed(new DataView(bytes.buffer, bytes.byteOffset, tileBytes), random);
  }
  return contents;
}

/**
 * Writes contents into a memory that holds zeros, from its beginning, and looks whether all of it was written. Tile by
 * tile: a sign of the agent waits behind one tile at most, however busy the machine is.
 */
export async function writeContents(memory: PartitionMemory, contents: Uint8Array): Promise<void> {
  const signal = new AbortController().signal;
  const { epoch } = await memory.read([{ offset: 0, length: 4 }], { asking: 'fast' }, signal);
  const seen = new Uint8Array(tileBytes);
  for (let offset = 0; offset < contents.length; offset += tileBytes) {
    const bytes = contents.subarray(offset, offset + tileBytes);
    if (bytes.every((byte) => byte === 0)) continue;
    const { spans } = await memory.write([{ offset, seen, bytes }], { epoch, force: true }, signal);
    const other = spans.find(({ outcome }) => outcome !== 'verified');
    if (other !== undefined) throw new Error(`not all was written: ${other.outcome} at ${other.offset}`);
  }
}

function fillUsed(view: DataView, random: Random): void {
  const uniform = (): number => random.word() / 2 ** 32;
  for (let at = 0; at < 256; at += 4) {
    view.setUint32(at, random.below(3) === 0 ? 0x38000 + random.below(0x8000) : random.below(100), true);
  }
  const step = 0.01 + uniform() / 4;
  for (let i = 0; i < 4096; i++) {
    view.setInt16(0x400 + 2 * i, 8000 * Math.sin(i * step) + random.below(8), true);
  }
  for (let i = 0; i < 1024; i++) {
    view.setFloat32(0x2400 + 4 * i, 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / 1024), true);
  }
  const number = new DataView(new ArrayBuffer(4));
  for (let i = 0; i < 2048; i++) {
    number.setFloat32(0, uniform() + uniform() + uniform() - 1.5);
    view.setUint16(0x3400 + 2 * i, number.getUint16(0), true); // the upper half of a float32 is a bfloat16
  }
}
