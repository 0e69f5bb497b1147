import { describe, expect, test } from 'vitest';
import { dice } from '../../test/conformance/random.ts';
import { addressKinds } from './address-kinds.ts';
import {
  type AddressSpace,
  addressOf,
  axiPlace,
  corePlace,
  hasAddress,
  partitionOffset,
  partitionPlace,
} from './addresses.ts';
import { locate, type MemoryGeometry, tileStart, totalBytes } from './geometry.ts';

const array = {
  numCols: 38,
  shim: { start: 0, count: 1 },
  memory: { start: 1, count: 2 },
  core: { start: 3, count: 8 },
};
const data: MemoryGeometry = {
  type: 'data',
  startCol: 30,
  numCols: 8,
  startRow: 3,
  numRows: 8,
  bytesPerTile: 0x10000,
  tileBase: 0,
};
const ml: AddressSpace = { geometry: data, generation: 'aieml', array };
const first: AddressSpace = {
  geometry: { ...data, startCol: 6, numCols: 4, startRow: 1, bytesPerTile: 0x8000 },
  generation: 'aie',
};
const at = (space: AddressSpace, col: number, row: number, offset = 0) =>
  tileStart(space.geometry, { col, row }) + offset;

describe('[hex-3] addresses', () => {
  test('AXI: more than 32 bits, never cut', () => {
    expect(addressOf(ml, 'axi', at(ml, 37, 10))).toBe(0x2004aa00000);
    expect(axiPlace(ml, 0x2004aa00000)).toBe(at(ml, 37, 10));
    expect(axiPlace(ml, 0x4aa00000)).toBeUndefined();
    expect(addressOf(first, 'axi', at(first, 6, 2, 0x10))).toBe(0x20003080010);
    const program: AddressSpace = {
      geometry: { ...data, type: 'program', bytesPerTile: 0x4000, tileBase: 0x20000 },
      generation: 'aieml',
    };
    expect(addressOf(program, 'axi', at(program, 30, 3, 4))).toBe(0x2003c320004);
    expect(addressOf(program, 'core', at(program, 30, 3, 4))).toBe(4);
    // What lies beside this memory in the tile is no place of it.
    expect(axiPlace(program, 0x2003c300004)).toBeUndefined();
    expect(axiPlace(program, 0x2003c324000)).toBeUndefined();
  });

  test('as a core sees its own memory: always to the east, in the first generation to the west in even rows', () => {
    expect(addressOf(ml, 'core', at(ml, 33, 5, 0x8000))).toBe(0x78000);
    expect(addressOf(first, 'core', at(first, 6, 1, 0x20c0))).toBe(0x3a0c0);
    expect(addressOf(first, 'core', at(first, 6, 2, 0x20c0))).toBe(0x2a0c0);
  });

  test('an address that a core means is in its own memory or in a neighbour', () => {
    const core = { col: 33, row: 5 };
    expect(corePlace(ml, core, 0x78000)).toEqual({ ...core, offset: 0x8000 });
    expect(corePlace(ml, core, 0x40010)).toEqual({ col: 33, row: 4, offset: 0x10 });
    expect(corePlace(ml, core, 0x5fffc)).toEqual({ col: 32, row: 5, offset: 0xfffc });
    expect(corePlace(ml, core, 0x60000)).toEqual({ col: 33, row: 6, offset: 0 });
    expect(corePlace(ml, core, 0x80000)).toBeUndefined();
    expect(corePlace(ml, core, 0x3fffc)).toBeUndefined();
    // Below the first row of cores are memory tiles, which no core reaches.
    expect(corePlace(ml, { col: 33, row: 3 }, 0x40000)).toBeUndefined();
    expect(corePlace(ml, { col: 33, row: 10 }, 0x60000)).toBeUndefined();
    expect(corePlace(first, { col: 24, row: 1 }, 0x37b00)).toEqual({ col: 24, row: 2, offset: 0x7b00 });
    expect(corePlace(first, { col: 24, row: 1 }, 0x28000)).toEqual({ col: 23, row: 1, offset: 0 });
    expect(corePlace(first, { col: 24, row: 2 }, 0x38000)).toEqual({ col: 25, row: 2, offset: 0 });
    expect(corePlace(first, { col: 0, row: 1 }, 0x28000)).toBeUndefined();
  });

  test('there and back, for random places', () => {
    const below = dice(43);
    for (const space of [ml, first, { ...ml, generation: 'aie2ps' } as const]) {
      for (let i = 0; i < 500; i++) {
        const place = below(totalBytes(space.geometry));
        const axi = addressOf(space, 'axi', place);
        expect(axi !== undefined && axiPlace(space, axi)).toBe(place);
        const tileOffset = addressOf(space, 'tile', place) ?? 0;
        const col =
          space.geometry.startCol + Math.floor(place / space.geometry.bytesPerTile / space.geometry.numRows);
        const row =
          space.geometry.startRow +
          (Math.floor(place / space.geometry.bytesPerTile) % space.geometry.numRows);
        const core = addressOf(space, 'core', place) ?? 0;
        expect(corePlace(space, { col, row }, core)).toEqual({ col, row, offset: tileOffset });
        expect(addressOf(space, 'buffer', place)).toBe(place);
      }
    }
  });

  test('an offset in the partition is the AXI address without that of its first column, and back', () => {
    const below = dice(11);
    for (const { geometry, generation, ...space } of [ml, first]) {
      if (generation === 'unknown') continue;
      const { startCol } = geometry;
      const whole = { geometry, generation, ...space };
      const start = addressOf(whole, 'axi', 0) ?? 0;
      for (let i = 0; i < 500; i++) {
        const place = below(totalBytes(geometry));
        const { tile, offset } = locate(geometry, place);
        const inTile = geometry.tileBase + offset;
        const inPartition = partitionOffset({ generation, startCol }, tile, inTile);
        const row = partitionOffset({ generation, startCol }, { col: startCol, row: geometry.startRow }, 0);
        expect((addressOf(whole, 'axi', place) ?? 0) - start + geometry.tileBase + row).toBe(inPartition);
        expect(partitionPlace({ generation, startCol }, inPartition)).toEqual({ tile, offset: inTile });
      }
    }
  });

  test('what a memory has no address of is not offered', () => {
    const memoryTile: AddressSpace = {
      ...ml,
      geometry: { ...data, type: 'memory-tile', startRow: 1, numRows: 2 },
    };
    expect(addressKinds.filter((kind) => hasAddress(memoryTile, kind))).toEqual(['tile', 'buffer', 'axi']);
    const unknown: AddressSpace = { ...ml, generation: 'unknown' };
    expect(addressKinds.filter((kind) => hasAddress(unknown, kind))).toEqual(['tile', 'buffer']);
    expect(axiPlace(unknown, 0x2004aa00000)).toBeUndefined();
    expect(corePlace(unknown, { col: 33, row: 5 }, 0x78000)).toBeUndefined();
  });
});
