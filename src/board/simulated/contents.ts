/**
 * Invented, deterministic contents of tiles that resemble those of a real graph: stack, text, tables, buffers,
 * instructions. The same tile has the same bytes in every run, and no two tiles are equal. Pure.
 */
import type { MemoryType, Tile } from '../../model/geometry.ts';
import { kernelOf } from './demo-graph.ts';

/** Where things stand in data memory, as tile offsets; they all lie in the first 32 KiB. */
export const layout = {
  /** 1 KiB of stack, growing upwards; above the mark it was never written. */
  stack: 0x0000,
  stackBytes: 0x400,
  /** Text: name and version of the kernel. */
  text: 0x0400,
  /** 256 float32: one period of a sine, scaled by tile. */
  table: 0x0800,
  /** 8 uint32 that count while the graph runs; see `counterPeriods`. */
  counters: 0x1000,
  /** 4 KiB of cint16 samples. */
  ping: 0x2000,
  /** 4 KiB of an int32 ramp. */
  pong: 0x4000,
} as const;

/** Milliseconds per step of each counter while the graph runs. */
export const counterPeriods: readonly number[] = [1, 10, 25, 100, 250, 500, 1000, 5000];

/** What a stack that was never written holds. */
const unwritten = 0xcdcdcdcd;

/** A tile's memory of `size` bytes. `run` changes what the application wrote: another run of the same program. */
export function contentsOf(type: MemoryType, tile: Tile, run: number, size: number): Uint8Array {
  if (type === 'data') return dataContents(tile, run, size);
  if (type === 'program' || type === 'uc-program') return programContents(tile, size);
  return sampleContents(tile, run, size);
}

/** Data memory; what lies above the first 32 KiB was never written. */
function dataContents(tile: Tile, run: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  const random = mulberry(seed(tile, run, 1));
  const depth = 0x80 + ((random() % 0x280) & ~3);
  for (let offset = 0; offset < layout.stackBytes; offset += 4) {
    view.setUint32(layout.stack + offset, offset < depth ? stackWord(random) : unwritten, true);
  }
  putText(bytes, layout.text, `${kernelOf(tile).name} (${tile.col},${tile.row})`);
  putText(bytes, layout.text + 0x40, 'build 2024.2 -O2, stack 1024, heap 1024');
  putText(bytes, layout.text + 0x80, `run ${run}`);
  for (let i = 0; i < 256; i++) {
    const value = Math.sin((2 * Math.PI * i) / 256) * (tile.col + tile.row / 10);
    view.setFloat32(layout.table + 4 * i, value, true);
  }
  for (let i = 0; i < 1024; i++) {
    const phase = (2 * Math.PI * i * (tile.row + 1)) / 1024;
    view.setInt16(layout.ping + 4 * i, Math.round(12000 * Math.cos(phase)) + (random() % 64), true);
    view.setInt16(layout.ping + 4 * i + 2, Math.round(12000 * Math.sin(phase)) + (random() % 64), true);
    view.setInt32(layout.pong + 4 * i, (i - 512) * (tile.col * 16 + tile.row + 1), true);
  }
  return bytes;
}

/** The first `size` bytes of program memory, the same in each run: 16-byte instruction lines, a tail that was never loaded. */
export function programContents(tile: Tile, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const random = mulberry(seed(tile, 2, 2));
  const loaded = 0x1000 + ((random() % 0x2000) & ~15);
  for (let line = 0; line < loaded; line += 16) {
    const used = 2 + (random() % 15);
    for (let i = 0; i < used; i++) bytes[line + i] = random() & 0xff;
    bytes[line + 15] = (0xc0 | (tile.col & 7)) & 0xff;
  }
  return bytes;
}

/** Frames of int16 samples, each with its number in front: what a memory tile passes on. */
function sampleContents(tile: Tile, run: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  const random = mulberry(seed(tile, run, 3));
  const frameBytes = 0x1000;
  for (let frame = 0; frame < size / frameBytes / 2; frame++) {
    const at = frame * frameBytes;
    view.setUint32(at, frame, true);
    view.setUint32(at + 4, random(), true);
    for (let i = 4; i < frameBytes / 2; i++) {
      const wave = Math.sin((2 * Math.PI * i * (frame + 1)) / 512);
      view.setInt16(at + 2 * i, Math.round(8000 * wave) + (random() % 32), true);
    }
  }
  return bytes;
}

function stackWord(random: () => number): number {
  const kind = random() % 4;
  if (kind === 0) return 0x00000100 + ((random() % 0x2000) & ~15);
  if (kind === 1) return 0x00038000 + ((random() % 0x400) & ~3);
  if (kind === 2) return random() % 1024;
  return random();
}

function putText(bytes: Uint8Array, offset: number, text: string): void {
  for (let i = 0; i < text.length; i++) bytes[offset + i] = text.charCodeAt(i) & 0x7f;
}

function seed(tile: Tile, run: number, kind: number): number {
  return ((tile.col + 1) * 0x9e3779b1 + (tile.row + 1) * 0x85ebca6b + run * 0xc2b2ae35 + kind) >>> 0;
}

/** A small generator of uint32 with a fixed sequence per seed. */
function mulberry(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}
