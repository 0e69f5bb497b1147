import { describe, expect, it } from 'vitest';
import { memoryTypes } from './geometry.ts';
import {
  isBoardId,
  type MemoryResource,
  parseResource,
  resourcePath,
  resourceRange,
  scheme,
} from './resource.ts';

const geometry = {
  type: 'data',
  startCol: 6,
  numCols: 4,
  startRow: 1,
  numRows: 8,
  bytesPerTile: 0x8000,
  tileBase: 0,
} as const;

describe('resources', () => {
  it('are written as aie: URIs that people keep in notes', () => {
    const whole: MemoryResource = { board: 'vck190', partition: '6_4', memory: 'data' };
    expect(scheme).toBe('aie');
    expect(resourcePath(whole)).toBe('/6_4/data.aiemem');
    expect(resourcePath({ ...whole, tile: { col: 7, row: 3 } })).toBe('/6_4/data/7_3.aiemem');
  });

  it('[shape-4] carry any key of a partition, and those of before, which were columns, as they were', () => {
    for (const partition of ['6_4', '0_50', 'ctx-a.1', '7', 'k'.repeat(64)]) {
      const resource: MemoryResource = { board: 'npu', partition, memory: 'program' };
      expect(parseResource('npu', resourcePath(resource))).toEqual(resource);
    }
    expect(parseResource('vck190', '/6_4/data/7_3.aiemem')).toEqual({
      board: 'vck190',
      partition: '6_4',
      memory: 'data',
      tile: { col: 7, row: 3 },
    });
  });

  it('come back as they were written, for every memory type', () => {
    for (const memory of memoryTypes) {
      for (const tile of [undefined, { col: 0, row: 0 }, { col: 49, row: 8 }]) {
        const base = { board: 'a.b-c', partition: '0_50', memory };
        const resource: MemoryResource = tile === undefined ? base : { ...base, tile };
        expect(parseResource(resource.board, resourcePath(resource))).toEqual(resource);
      }
    }
  });

  it.each([
    ['vck190', ''],
    ['vck190', '/'],
    ['vck190', '/6_4/data'],
    ['vck190', '6_4/data.aiemem'],
    ['vck190', '/6_4/cache.aiemem'],
    ['vck190', '/6_4/data/7.aiemem'],
    ['vck190', '/6_4/data/7_3.aiemem.bak'],
    ['vck190', '/6_4/../data.aiemem'],
    ['vck190', '/-1_4/data.aiemem'],
    ['vck190', `/${'6'.repeat(65)}/data.aiemem`],
    ['vck190', '/Ctx/data.aiemem'],
    ['vck190', '/a b/data.aiemem'],
    ['vck190', '/./data.aiemem'],
    ['VCK190', '/6_4/data.aiemem'],
    ['', '/6_4/data.aiemem'],
    ['a/b', '/6_4/data.aiemem'],
  ])('%s%s names no memory', (authority, path) => {
    expect(parseResource(authority, path)).toBeUndefined();
  });

  it('know which texts can be board ids', () => {
    for (const id of ['a', 'a1', 'lab-board.2', 'x'.repeat(64)]) expect(isBoardId(id)).toBe(true);
    for (const id of ['', '-a', 'a-', 'A', 'a b', 'a:1', 'ä', 'x'.repeat(65)])
      expect(isBoardId(id)).toBe(false);
  });

  it('show the whole memory or one tile of it', () => {
    const whole: MemoryResource = { board: 'b', partition: '6_4', memory: 'data' };
    expect(resourceRange(whole, geometry)).toEqual({ offset: 0, length: 32 * 0x8000 });
    const tile = { ...whole, tile: { col: 7, row: 1 } };
    expect(resourceRange(tile, geometry)).toEqual({ offset: 8 * 0x8000, length: 0x8000 });
    expect(() => resourceRange({ ...whole, tile: { col: 5, row: 1 } }, geometry)).toThrow(RangeError);
  });
});
