import { describe, expect, test } from 'vitest';
import type { ArrayShape } from '../geometry.ts';
import { dataPlace, generationOfAddresses, isDataAddress, windowEnd } from './data-space.ts';

const aie: ArrayShape = {
  numCols: 50,
  shim: { start: 0, count: 1 },
  memory: { start: 1, count: 0 },
  core: { start: 1, count: 8 },
};
const aieml: ArrayShape = {
  numCols: 38,
  shim: { start: 0, count: 1 },
  memory: { start: 1, count: 2 },
  core: { start: 3, count: 8 },
};
const at = (col: number, row: number) => ({ col, row });
const inAie = (tile: { col: number; row: number }, address: number) => dataPlace('aie', aie, tile, address);
const inMl = (tile: { col: number; row: number }, address: number) =>
  dataPlace('aieml', aieml, tile, address);

describe('[names-2] what a core sees under its data addresses', () => {
  test('the checkerboard of the first generation: own memory is east in odd rows, west in even ones', () => {
    expect(inAie(at(24, 1), 0x3a0c0)).toEqual({ tile: at(24, 1), offset: 0x20c0 });
    expect(inAie(at(24, 1), 0x37b00)).toEqual({ tile: at(24, 2), offset: 0x7b00 });
    expect(inAie(at(24, 3), 0x28010)).toEqual({ tile: at(23, 3), offset: 0x10 });
    expect(inAie(at(24, 3), 0x20010)).toEqual({ tile: at(24, 2), offset: 0x10 });
    expect(inAie(at(24, 2), 0x28480)).toEqual({ tile: at(24, 2), offset: 0x480 });
    expect(inAie(at(24, 2), 0x38480)).toEqual({ tile: at(25, 2), offset: 0x480 });
  });

  test('later generations: own memory is always east', () => {
    for (const row of [3, 4, 5, 10]) {
      expect(inMl(at(7, row), 0x70400)).toEqual({ tile: at(7, row), offset: 0x400 });
      expect(inMl(at(7, row), 0x5fffc)).toEqual({ tile: at(6, row), offset: 0xfffc });
    }
    expect(inMl(at(7, 4), 0x40000)).toEqual({ tile: at(7, 3), offset: 0 });
    expect(inMl(at(7, 4), 0x60000)).toEqual({ tile: at(7, 5), offset: 0 });
  });

  test('where there is no core there is no data memory: shim, memory tiles, beyond the edges', () => {
    expect(inAie(at(24, 1), 0x20000)).toBeUndefined();
    expect(inMl(at(7, 3), 0x40000)).toBeUndefined();
    expect(inMl(at(7, 10), 0x60000)).toBeUndefined();
    expect(inMl(at(0, 4), 0x50000)).toBeUndefined();
    expect(inAie(at(49, 2), 0x38000)).toBeUndefined();
    expect(inAie(at(24, 1), 0x40000)).toBeUndefined();
    expect(inMl(at(7, 4), 0x3ffff)).toBeUndefined();
  });

  test('windows, and the generation that addresses belong to', () => {
    expect(windowEnd('aie', 0x38480)).toBe(0x40000);
    expect(windowEnd('aie', 0x2ffff)).toBe(0x30000);
    expect(windowEnd('aieml', 0x70000)).toBe(0x80000);
    expect(isDataAddress('aie', 0x40000)).toBe(false);
    expect(isDataAddress('aieml', 0x80000)).toBe(false);
    expect(generationOfAddresses([0x28000, 0x3ffff])).toBe('aie');
    expect(generationOfAddresses([0x70400])).toBe('aieml');
    expect(generationOfAddresses([0x28000, 0x70400])).toBeUndefined();
    expect(generationOfAddresses([])).toBeUndefined();
  });
});
