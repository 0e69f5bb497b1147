import { describe, expect, test } from 'vitest';
import { Random } from '../../../test/conformance/random.ts';
import { FileError } from '../../model/files/file-error.ts';
import { type MemoryGeometry, type TileOffset, totalBytes } from '../../model/geometry.ts';
import { isCoreDump, readCoreDump } from './core-dump.ts';
import { readKept, saysItIsKept } from './kept-file.ts';

const block = 1 << 20;

/** What a dump holds at an address of a tile: bytes that tell the place. */
function byteAt(col: number, row: number, address: number): number {
  return (col * 31 + row * 7 + (address >> 8) * 3 + address) & 0xff;
}

interface Dump {
  readonly kind: number;
  readonly rows: number;
  readonly cols: number;
  readonly memoryRows: number;
  /** Bytes of the header; 0: none. */
  readonly header: number;
}

/** Offsets of a tile at which a dump is written, and looked at. */
const addresses = [0, 1, 0x7fff, 0xffff, 0x20000, 0x23fff, 0x40001, 0x7ffff];

function dumpOf({ kind, rows, cols, memoryRows, header }: Dump): Uint8Array {
  const bytes = new Uint8Array(header + rows * cols * block);
  if (header > 0) {
    bytes.set([0x4e, 0x50, 0x55, 0]);
    const view = new DataView(bytes.buffer);
    view.setUint32(4, 1, true);
    view.setUint32(8, header, true);
    bytes.set([kind, 1 + memoryRows, 1, memoryRows, rows, cols], 12);
  }
  for (let col = 0; col < cols; col++)
    for (let row = 0; row < rows; row++)
      for (const address of addresses)
        bytes[header + (col * rows + row) * block + address] = byteAt(col, row, address);
  return bytes;
}

function fault(dump: Uint8Array): unknown {
  try {
    readKept(dump, 'a', 1);
    return undefined;
  } catch (error) {
    if (error instanceof FileError) return error.facts['text'];
    throw error;
  }
}

describe('a core dump of an NPU', () => {
  const first: Dump = { kind: 2, rows: 6, cols: 4, memoryRows: 1, header: 256 };

  test('[names-5] each byte of data, program and memory tiles is where its tile has it, with a header and without', () => {
    const dumps: Dump[] = [
      first,
      { ...first, header: 18, kind: 4, cols: 1 },
      { ...first, header: 0 },
      { kind: 5, rows: 7, cols: 2, memoryRows: 2, header: 256 },
      { kind: 5, rows: 7, cols: 1, memoryRows: 2, header: 0 },
    ];
    for (const dump of dumps) {
      const file = dumpOf(dump);
      expect(saysItIsKept(file)).toBe(dump.header > 0);
      const { board, memories, partition, label, at } = readKept(file, 'dump.bin', 7);
      expect([label, at, partition.columns.numCols, partition.numRows]).toEqual([
        'dump.bin',
        7,
        dump.cols,
        dump.rows,
      ]);
      expect(board.generation).toBe(dump.kind === 5 ? 'aie2ps' : 'aieml');
      expect(memories.map(({ geometry }) => geometry.type)).toEqual(['data', 'program', 'memory-tile']);
      let seen = 0;
      for (const { geometry, bytes, missing } of memories) {
        expect([bytes.length, missing]).toEqual([totalBytes(geometry), []]);
        for (let offset = 0; offset < bytes.length; offset++) {
          const { tile, offset: inTile } = locateQuickly(geometry, offset);
          const address = geometry.tileBase + inTile;
          const wanted = addresses.includes(address) ? byteAt(tile.col, tile.row, address) : 0;
          if (bytes[offset] !== wanted)
            expect([tile, address, bytes[offset]]).toEqual([tile, address, wanted]);
          if (wanted !== 0) seen++;
        }
      }
      expect(seen).toBeGreaterThan(0);
    }
  });

  test('[names-5] what is damaged, cut or of no known array is said, whatever stands in the header', () => {
    const file = dumpOf({ ...first, cols: 1 });
    expect(isCoreDump(file)).toBe(true);
    expect(fault(file)).toBeUndefined();
    expect(fault(file.subarray(0, -1))).toBe('length');
    expect(fault(file.subarray(0, 17))).toBe('header');
    expect(fault(new Uint8Array(5 * block))).toBe('zip');
    expect(fault(new Uint8Array(0))).toBe('zip');
    // Seven columns of six rows, or six of seven.
    expect(fault(new Uint8Array(42 * block))).toBe('header');
    const changed = (at: number, byte: number): unknown => {
      const copy = file.slice();
      copy[at] = byte;
      return fault(copy);
    };
    expect(changed(12, 3)).toBe('generation 3');
    expect([changed(13, 3), changed(14, 2), changed(16, 2), changed(17, 0)]).toEqual(Array(4).fill('header'));
    expect([changed(11, 255), changed(17, 255)]).toEqual(['header', 'length']);
    const random = new Random(11);
    for (let i = 0; i < 300; i++) {
      const header = file.slice(0, 4096);
      for (let n = random.below(4); n >= 0; n--) header[4 + random.below(14)] = random.below(256);
      expect(fault(header)).toBeTypeOf('string');
    }
    expect(() => readCoreDump(new Uint8Array(3), 'a', 0)).toThrow(FileError);
  });
});

/** As `locate`, without its checks: each byte is asked. */
function locateQuickly(
  { bytesPerTile, numRows, startCol, startRow }: MemoryGeometry,
  offset: number,
): TileOffset {
  const index = Math.floor(offset / bytesPerTile);
  const tile = { col: startCol + Math.floor(index / numRows), row: startRow + (index % numRows) };
  return { tile, offset: offset % bytesPerTile };
}
