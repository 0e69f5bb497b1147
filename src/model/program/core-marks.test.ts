import { expect, test } from 'vitest';
import type { ArrayShape } from '../geometry.ts';
import { coreMarks } from './core-marks.ts';

const array: ArrayShape = {
  numCols: 8,
  shim: { start: 0, count: 1 },
  memory: { start: 1, count: 1 },
  core: { start: 2, count: 4 },
};
const core = (pc: number, sp: number) => ({
  state: 'running' as const,
  enabled: true,
  stalls: [],
  flags: [],
  unknownBits: 0,
  pc,
  sp,
});

test("[names-2] a program counter points into the core's own program memory, a stack pointer also into a neighbour's", () => {
  const tiles = [
    { tile: { col: 2, row: 3 }, core: core(0x124, 0x70480) },
    { tile: { col: 3, row: 3 }, core: core(0x40, 0x50020) },
    { tile: { col: 0, row: 3 }, core: core(0, 0x50020) },
    { tile: { col: 2, row: 1 } },
  ];
  const older = { at: 5, tiles: [{ tile: { col: 2, row: 3 }, core: core(0x800, 0x70800) }] };
  const newer = { at: 9, tiles: [{ tile: { col: 0, row: 3 }, core: core(0x18, 0x50020) }] };
  const reports = [newer, { at: 7, tiles }, older];
  expect(coreMarks(reports, 'program', 'aieml', array)).toEqual([
    { kind: 'pc', of: { col: 0, row: 3 }, tile: { col: 0, row: 3 }, offset: 0x18, at: 9 },
    { kind: 'pc', of: { col: 2, row: 3 }, tile: { col: 2, row: 3 }, offset: 0x124, at: 7 },
    { kind: 'pc', of: { col: 3, row: 3 }, tile: { col: 3, row: 3 }, offset: 0x40, at: 7 },
  ]);
  expect(coreMarks(reports, 'data', 'aieml', array)).toEqual([
    { kind: 'sp', of: { col: 2, row: 3 }, tile: { col: 2, row: 3 }, offset: 0x480, at: 7 },
    { kind: 'sp', of: { col: 3, row: 3 }, tile: { col: 2, row: 3 }, offset: 0x20, at: 7 },
  ]);
  expect(coreMarks(reports, 'memory-tile', 'aieml', array)).toEqual([]);
});
